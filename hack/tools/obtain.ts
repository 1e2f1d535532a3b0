// Hands out the real tools by path, wherever they come from: PATH, the cache, a build, a release. choose.ts decides
// which, make.ts makes them. Never installs system-wide and needs no root; several processes may ask at once.

import { buildSets, catalogue } from './catalogue.ts';
import type { Tool, ToolName } from './catalogue.ts';
import type { Surroundings } from './build.ts';
import { choose } from './choose.ts';
import type { Choice, Decision } from './choose.ts';
import { buildTools, downloadTool } from './make.ts';
import type { Made } from './make.ts';
import { pinnedVersion } from './pins.ts';
import { findOnPath, probeExisting } from './probe.ts';
import { describeMissing } from './remedy.ts';
import { formatVersion } from './version.ts';
import type { Version } from './version.ts';
import { cachePathsOf, openWorkshop } from './workshop.ts';
import type { Workshop } from './workshop.ts';

export type Source = 'PATH' | 'cache' | 'built now' | 'downloaded now';
export type Obtained = {
  readonly name: ToolName;
  readonly version: string;
  readonly source: Source;
  readonly path: string;
};

/**
 * Absolute paths of the named tools. Takes about a second when they are there, minutes when they must be built first.
 * Rejects with an error that says for each missing tool what was tried and what to do.
 */
export async function obtainTools(
  names: readonly ToolName[],
  surroundings: Surroundings,
): Promise<ReadonlyMap<ToolName, string>> {
  const tools = await locateTools(names, surroundings);
  return new Map(tools.map(({ name, path }) => [name, path]));
}

/** As `obtainTools`, with version and source, in the order of the catalogue. */
export async function locateTools(
  names: readonly ToolName[],
  surroundings: Surroundings,
): Promise<readonly Obtained[]> {
  const workshop = await openWorkshop();
  const wanted = catalogue.filter((tool) => names.includes(tool.name));
  const considered = await Promise.all(wanted.map((tool) => consider(tool, workshop)));
  for (const line of considered.flatMap(({ choice }) => choice.passedOver)) surroundings.progress(`skipped ${line}`);
  const made = await makeMissing(considered, workshop, surroundings);
  const outcomes = considered.map((entry) => settle(entry, made, workshop));
  const missing = outcomes.flatMap((outcome) => (outcome.kind === 'missing' ? [outcome] : []));
  if (missing.length > 0) throw new Error(describeMissing(missing, workshop.go, workshop.pins.go));
  return outcomes.flatMap((outcome) => (outcome.kind === 'obtained' ? [outcome.obtained] : []));
}

/** Writes progress where it does not mix with a program's output. */
export function progressToStderr(line: string): void {
  process.stderr.write(`tools: ${line}\n`);
}

type Considered = { readonly tool: Tool; readonly choice: Choice };
type Outcome =
  | { readonly kind: 'obtained'; readonly obtained: Obtained }
  | { readonly kind: 'missing'; readonly tool: Tool; readonly tried: readonly string[] };

async function consider(tool: Tool, workshop: Workshop): Promise<Considered> {
  const [onPath, cached] = await Promise.all([
    findOnPath(tool.name, process.env['PATH']).then((paths) => probeExisting(tool, paths)),
    probeExisting(tool, cachePathsOf(tool, workshop)),
  ]);
  const releaseOffered = tool.release(pinnedVersion(workshop.pins, tool.module), workshop.platform) !== undefined;
  return { tool, choice: choose({ minimum: tool.minimum, onPath, cached, go: workshop.go, releaseOffered }) };
}

/** One set after the other: two builds at once would only slow each other down. */
async function makeMissing(
  considered: readonly Considered[],
  workshop: Workshop,
  surroundings: Surroundings,
): Promise<readonly Made[]> {
  const made: Made[] = [];
  for (const { set } of buildSets) {
    const tools = toolsFor('build', considered).filter((tool) => tool.buildSet === set);
    if (tools.length > 0) made.push(...(await buildTools(set, tools, workshop, surroundings)));
  }
  for (const tool of toolsFor('release', considered)) made.push(await downloadTool(tool, workshop, surroundings));
  return made;
}

function toolsFor(use: Decision['use'], considered: readonly Considered[]): readonly Tool[] {
  return considered.filter(({ choice }) => choice.decision.use === use).map(({ tool }) => tool);
}

function settle({ tool, choice }: Considered, made: readonly Made[], workshop: Workshop): Outcome {
  const { decision } = choice;
  if (decision.use === 'path') return obtained(tool, 'PATH', decision.path, decision.version);
  if (decision.use === 'cache') return obtained(tool, 'cache', decision.path, decision.version);
  const result = made.find((entry) => entry.tool === tool);
  if (result?.kind === 'made') {
    const source = decision.use === 'build' ? 'built now' : 'downloaded now';
    return obtained(tool, source, result.probe.path, result.probe.version);
  }
  return {
    kind: 'missing',
    tool,
    tried: [
      ...(choice.passedOver.length > 0 ? choice.passedOver : [`no ${tool.name} on PATH, none in ${workshop.folder}`]),
      ...(workshop.go.kind === 'unusable' ? [workshop.go.problem] : []),
      result?.problem ?? 'no official release for this platform',
    ],
  };
}

function obtained(tool: Tool, source: Source, path: string, version: Version): Outcome {
  return { kind: 'obtained', obtained: { name: tool.name, version: formatVersion(version), source, path } };
}
