// `npm run tools [-- name...]`: obtains the real tools (all by default) and prints where they are. Progress goes to
// stderr, the table to stdout; exit code 1 when a tool cannot be had, 2 for a wrong call.

import { parseArgs } from 'node:util';
import { catalogue } from './catalogue.ts';
import type { ToolName } from './catalogue.ts';
import { locateTools, progressToStderr } from './obtain.ts';
import type { Obtained } from './obtain.ts';

const usage = `Usage: npm run tools [-- [name...] [--print-path]]

Makes the real servers and clients available that the local mode and the tests run: from PATH when new enough,
else from the cache, else built from pinned Go modules, else (without Go) the official release.

  name           ${catalogue.map((tool) => tool.name).join(', ')}; all by default
  --print-path   print only the paths, one a line

Environment: RELAYFLEET_TOOLS_DIR  cache folder (default: $XDG_CACHE_HOME or ~/.cache, then relayfleet/tools)

Examples:
  npm run tools
  npm run tools -- nats-server
  export NATS=$(hack/node hack/tools/main.ts nats-server --print-path)
`;

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
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    const tools = await locateTools(call.names, { progress: progressToStderr, signal: stop.signal });
    process.stdout.write(call.printPath ? tools.map(({ path }) => `${path}\n`).join('') : table(tools));
    return 0;
  } catch (error) {
    if (stop.signal.aborted) process.stderr.write('stopped; the next run goes on from what is already compiled\n');
    else process.stderr.write(`${explain(error)}\n`);
    return 1;
  }
}

type Call = { readonly names: readonly ToolName[]; readonly printPath: boolean; readonly help: boolean };

/** A text is what is wrong with the call. */
function readCall(args: readonly string[]): Call | string {
  try {
    const options = { 'print-path': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const known = catalogue.map((tool) => tool.name);
    const unknown = positionals.find((name) => !known.some((tool) => tool === name));
    if (unknown !== undefined) return `unknown tool "${unknown}"`;
    const names = positionals.length === 0 ? known : known.filter((name) => positionals.includes(name));
    return { names, printPath: values['print-path'] === true, help: values.help === true };
  } catch (error) {
    return explain(error);
  }
}

/** The message and, where an error wraps another, what was behind it. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${explain(error.cause)}`;
}

function table(tools: readonly Obtained[]): string {
  const rows = [['NAME', 'VERSION', 'SOURCE', 'PATH'], ...tools.map((t) => [t.name, t.version, t.source, t.path])];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}
