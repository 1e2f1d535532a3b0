// Looks at the programs that are there: which files on PATH bear a tool's name, and what version each one gives.
// Judges nothing: choose.ts does.

import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Tool } from './catalogue.ts';
import type { Probe } from './choose.ts';
import { runBriefly } from './run.ts';
import { readVersion } from './version.ts';

/** Every program of that name on PATH, in its order, each real file once. */
export async function findOnPath(name: string, path: string | undefined): Promise<readonly string[]> {
  const found = new Map<string, string>();
  // Relative entries are left out: they would make the choice depend on the working directory.
  for (const folder of (path ?? '').split(delimiter).filter(isAbsolute)) {
    const candidate = join(folder, name);
    if (!(await isProgram(candidate))) continue;
    const real = await realpath(candidate);
    if (!found.has(real)) found.set(real, candidate);
  }
  return [...found.values()];
}

/** Asks one program for its version. */
export async function probe(tool: Tool, path: string): Promise<Probe> {
  const answer = await runBriefly(path, tool.versionArgs);
  if (answer.kind === 'failed') return { kind: 'unusable', path, problem: answer.problem };
  const version = readVersion(answer.output, tool.versionPattern);
  if (version === undefined) {
    return { kind: 'unusable', path, problem: `'${tool.versionArgs.join(' ')}' did not print a version` };
  }
  return { kind: 'version', path, version };
}

/** The programs that exist among `paths`, each asked for its version. */
export async function probeExisting(tool: Tool, paths: readonly string[]): Promise<readonly Probe[]> {
  const there = await Promise.all(paths.map(async (path) => ((await isProgram(path)) ? [path] : [])));
  return Promise.all(there.flat().map((path) => probe(tool, path)));
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
