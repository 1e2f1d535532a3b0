// The musts of the mail standards, read from requirements.txt: where each is done, and which test is about it. Says what is wrong
// with a row: a file that does not exist, a test whose title no test of that file has. docs/rfc.md is made from it, so `npm run check`
// fails on a row that does not hold.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasTestTitle } from './test-titles.ts';

export type Requirement = {
  readonly rfc: number;
  /** `4.5.2` */
  readonly section: string;
  readonly must: string;
  /** Below the repository's root, as is `test`; `title` is that of one of its tests. */
  readonly file: string;
  readonly test: string;
  readonly title: string;
};

/** Throws on a line that is no row: it is ours. */
export function readRequirements(text: string): readonly Requirement[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, rfc, section = '', rest = ''] = /^RFC (\d+) §([\d.]+) \| (.+)$/.exec(line) ?? [];
      const [must, file, test, title, ...more] = rest.split(' | ');
      if (!must || !file || !test || !title || more.length > 0) throw new Error(`requirements.txt: no row: ${line}`);
      return { rfc: Number(rfc), section, must, file, test, title };
    });
}

/** What is wrong with rows, in words. A test must be one that runs: `*.test.ts`. */
export function requirementProblems(root: string, rows: readonly Requirement[]): readonly string[] {
  const missing = (path: string) => !existsSync(join(root, path));
  return rows.flatMap(({ rfc, section, file, test, title }) => {
    const row = `RFC ${rfc} §${section}`;
    if (missing(file) || file.endsWith('.test.ts')) return [`${row}: no such source: ${file}`];
    if (missing(test) || !test.endsWith('.test.ts')) return [`${row}: no such test: ${test}`];
    const source = readFileSync(join(root, test), 'utf8');
    return hasTestTitle(source, title) ? [] : [`${row}: ${test} has no test "${title}"`];
  });
}
