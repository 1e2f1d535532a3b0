// Makes tools and puts them into the cache: a build of several at once, or one download. Under a lock, in a folder of
// its own, each program tried before it is renamed into place: a reader of the cache never sees half a program.

import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from './build.ts';
import type { Surroundings } from './build.ts';
import { buildSets } from './catalogue.ts';
import type { BuildSet, Tool } from './catalogue.ts';
import type { Probe } from './choose.ts';
import { withLock } from './lock.ts';
import { pinnedVersion } from './pins.ts';
import { probe, probeExisting } from './probe.ts';
import { fetchRelease } from './release.ts';
import type { Workshop } from './workshop.ts';

export type Made =
  | { readonly kind: 'made'; readonly tool: Tool; readonly probe: Probe & { readonly kind: 'version' } }
  | { readonly kind: 'failed'; readonly tool: Tool; readonly problem: string };

/** Builds tools of one set together, except those that another process made in the meantime. */
export async function buildTools(
  set: BuildSet,
  tools: readonly Tool[],
  workshop: Workshop,
  surroundings: Surroundings,
): Promise<readonly Made[]> {
  const usually = buildSets.find((entry) => entry.set === set)?.usually ?? 'minutes';
  const { folder, pins, source } = workshop;
  return inBench({ name: set, tools, folder }, surroundings, async (open, bench) => {
    const result = await build({ tools: open, pins, source, output: bench, usually }, surroundings);
    if (result.kind === 'failed') return open.map((tool) => ({ kind: 'failed', tool, problem: result.problem }));
    return Promise.all(open.map((tool) => putAway(tool, join(bench, tool.name), workshop)));
  });
}

/** Downloads one tool's official release, unless another process did in the meantime. */
export async function downloadTool(tool: Tool, workshop: Workshop, surroundings: Surroundings): Promise<Made> {
  const release = tool.release(pinnedVersion(workshop.pins, tool.module), workshop.platform);
  if (release === undefined) return { kind: 'failed', tool, problem: 'no official release for this platform' };
  const job = { name: tool.name, tools: [tool], folder: workshop.folder };
  const [made] = await inBench(job, surroundings, async (_, bench) => {
    surroundings.progress(`downloading ${release.url} (no Go here to build it; this address was never tried)`);
    const result = await fetchRelease(tool.name, release, bench, { fetch, signal: surroundings.signal });
    if (result.kind === 'failed') return [{ kind: 'failed', tool, problem: `official release: ${result.problem}` }];
    return [await putAway(tool, result.path, workshop)];
  });
  if (made === undefined) throw new Error(`nothing became of ${tool.name}`);
  return made;
}

type BenchJob = {
  /** Names the lock and the bench. */
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly folder: string;
};

/** Under a lock, gives `work` the tools still to be made and an empty folder (the bench) beside their final place. */
async function inBench(
  { name, tools, folder }: BenchJob,
  { progress, signal }: Surroundings,
  work: (open: readonly Tool[], bench: string) => Promise<readonly Made[]>,
): Promise<readonly Made[]> {
  await makeFolder(folder);
  const names = tools.map((tool) => tool.name).join(', ');
  const waiting = (holder: number | undefined, seconds: number): void =>
    progress(`waiting for ${names}, which process ${holder ?? '(unknown)'} is making: ${seconds} s`);
  const make = async (): Promise<readonly Made[]> => {
    const there = (await Promise.all(tools.map((tool) => madeMeanwhile(tool, folder)))).flat();
    const open = tools.filter((tool) => !there.some((made) => made.tool === tool));
    if (open.length === 0) return there;
    await sweep(folder, name);
    const bench = await mkdtemp(join(folder, benchPrefix(name)));
    try {
      return [...there, ...(await work(open, bench))];
    } finally {
      await rm(bench, { recursive: true, force: true });
    }
  };
  return withLock(join(folder, `${name}.lock`), make, { waiting, signal });
}

async function madeMeanwhile(tool: Tool, folder: string): Promise<readonly Made[]> {
  const probes = await probeExisting(tool, [join(folder, tool.name)]);
  return probes.flatMap((found) => (found.kind === 'version' ? [{ kind: 'made', tool, probe: found }] : []));
}

/** A program that cannot say its version never reaches the cache. */
async function putAway(tool: Tool, file: string, { folder }: Workshop): Promise<Made> {
  const tried = await probe(tool, file);
  if (tried.kind === 'unusable') return { kind: 'failed', tool, problem: `the new ${tool.name}: ${tried.problem}` };
  const path = join(folder, tool.name);
  await rename(file, path);
  return { kind: 'made', tool, probe: { ...tried, path } };
}

/** Removes what an interrupted run left. */
async function sweep(folder: string, name: string): Promise<void> {
  const left = (await readdir(folder)).filter((entry) => entry.startsWith(benchPrefix(name)));
  await Promise.all(left.map((entry) => rm(join(folder, entry), { recursive: true, force: true })));
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new Error(`the tool cache ${folder} cannot be made (RELAYFLEET_TOOLS_DIR chooses another)`, { cause: error });
  }
}

function benchPrefix(name: string): string {
  return `.${name}-`;
}
