// What docs/guarantees.md promises, and whether it says what shows each promise: a link to a test whose text is a title of that test.
// Says what is wrong with the page; refuses to know whether a test shows what it is named for.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasTestTitle } from './test-titles.ts';

/** What stands in place of a test, and why there is none stands behind it. */
const untested = 'No test:';

/**
 * `page`: path below `root`. Every row of a table and every item of a list is one promise, on a line of its own; the last cell of a row
 * is what shows it.
 */
export function guaranteeProblems(root: string, page: string, text: string): readonly string[] {
  return promisesIn(text).flatMap((line) => {
    const shownBy = line.startsWith('|') ? (line.split(' | ').at(-1) ?? '') : line;
    const shown = [...shownBy.matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)];
    const problems = shown.flatMap(([, title = '', target = '']) =>
      titleProblem(join(root, dirname(page), target), title),
    );
    return shown.length > 0 || shownBy.includes(untested) ? problems : [`no test: ${line.slice(0, 80)}`];
  });
}

function promisesIn(text: string): readonly string[] {
  const lines = text.split('\n');
  const isRule = (line: string | undefined) => /^\|[ |-]+\|$/.test(line ?? '');
  return lines.filter(
    (line, n) => line.startsWith('- ') || (line.startsWith('|') && !isRule(line) && !isRule(lines[n + 1])),
  );
}

function titleProblem(file: string, title: string): readonly string[] {
  if (!existsSync(file)) return [`no such test: ${file}`];
  return hasTestTitle(readFileSync(file, 'utf8'), title) ? [] : [`${file} has no test "${title}"`];
}
