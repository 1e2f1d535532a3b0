// `npm run gen [-- --check]`: writes every generated file, or says which are stale and exits 1.
// What is generated from what is decided in gen/generated.ts.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { generatedFiles } from './gen/generated.ts';
import { findStale, type Stale } from './gen/stale.ts';

const usage = `Usage: npm run gen [-- --check]

Writes the files that are generated from others: API types, reference pages.

  --check   write nothing; name the stale files and exit 1 if there are any

Examples:
  npm run gen
  npm run gen -- --check
`;

const root = join(import.meta.dirname, '..');

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const call = readCall(args);
  if (typeof call === 'string') {
    process.stderr.write(`${call}\n\n${usage}`);
    return 2;
  }
  if (call.help) {
    process.stdout.write(usage);
    return 0;
  }
  const stale = await findStale(root, generatedFiles(root));
  return call.check ? report(stale) : write(stale);
}

function report(stale: readonly Stale[]): number {
  for (const { path } of stale) process.stderr.write(`${path} is stale; run: npm run gen\n`);
  return stale.length === 0 ? 0 : 1;
}

async function write(stale: readonly Stale[]): Promise<number> {
  for (const { path, text } of stale) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    process.stdout.write(`wrote ${path}\n`);
  }
  return 0;
}

/** A text is what is wrong with the call. */
function readCall(args: readonly string[]): { readonly check: boolean; readonly help: boolean } | string {
  try {
    const options = { check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    return { check: values.check === true, help: values.help === true };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
