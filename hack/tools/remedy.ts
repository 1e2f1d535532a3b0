// Words the error for tools that could not be had: what was looked at, what was tried, and what the reader can do.

import { buildSets } from './catalogue.ts';
import type { Tool } from './catalogue.ts';
import type { GoState } from './go.ts';

export type Missing = {
  readonly tool: Tool;
  /** One line per source that did not serve, with the reason. */
  readonly tried: readonly string[];
};

/** `goNeeded` is the go line of go.mod. */
export function describeMissing(missing: readonly Missing[], go: GoState, goNeeded: string): string {
  const names = missing.map(({ tool }) => `${tool.name} >= ${tool.minimum}`);
  return [
    ...missing.flatMap(({ tried }, position) => [
      `${names[position] ?? ''} is missing and could not be obtained:`,
      ...tried.map((line) => `  - ${line}`),
    ]),
    'Remedy, one of:',
    `  - put ${names.join(', ')} on PATH`,
    ...(go.kind === 'usable' ? repairBuild : [`  - ${installGo(missing, goNeeded)}`]),
  ].join('\n');
}

const repairBuild = [
  '  - clear what stopped the Go build above (it needs the Go module proxy, see `go env GOPROXY`, and about 4 GB of disk',
  '    for all tools) and run again: what is already compiled is kept',
];

function installGo(missing: readonly Missing[], goNeeded: string): string {
  const sets = buildSets.filter(({ set }) => missing.some(({ tool }) => tool.buildSet === set));
  return [
    `install Go ${goNeeded.replace(/\.0$/, '')} or newer (https://go.dev/dl/, no root needed), put its bin folder on PATH and run`,
    `    again: the pinned modules are built once (${sets.map(({ usually }) => usually).join(', then ')})`,
  ].join('\n');
}
