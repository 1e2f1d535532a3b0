// Gathers what all decisions of one run share: the pins, this machine's platform and Go, and the cache folders.

import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheKey, cacheRoot, folderName, servingFolders } from './cache.ts';
import type { Platform, Tool } from './catalogue.ts';
import { findGo } from './go.ts';
import type { GoState } from './go.ts';
import { readPins } from './pins.ts';
import type { Pins } from './pins.ts';
import { recipeText } from './recipe.ts';

export type Workshop = {
  /** The folder with go.mod: this one. */
  readonly source: string;
  readonly pins: Pins;
  readonly platform: Platform;
  readonly go: GoState;
  /** Cache folders to look into, best first. */
  readonly serving: readonly string[];
  /** The cache folder that receives what is made now; it may not exist yet. */
  readonly folder: string;
};

export async function openWorkshop(): Promise<Workshop> {
  const source = import.meta.dirname;
  const read = (file: string): Promise<string> => readFile(join(source, file), 'utf8');
  const [goMod, goSum, sources] = await Promise.all([read('go.mod'), read('go.sum'), read('cmd/etcd/main.go')]);
  const pins = readPins(goMod);
  const go = await findGo(pins.go);
  const platform = { os: process.platform, arch: process.arch === 'x64' ? 'amd64' : process.arch };
  const root = cacheRoot(process.env, homedir());
  const key = cacheKey({ goMod, goSum, sources, recipe: recipeText(pins), platform });
  const goVersion = go.kind === 'usable' ? go.version : undefined;
  const serving = servingFolders(key, goVersion, await foldersIn(root)).map((name) => join(root, name));
  return { source, pins, platform, go, serving, folder: join(root, folderName(key, goVersion ?? 'release')) };
}

/** Where the cache would hold this tool, best first. */
export function cachePathsOf(tool: Tool, workshop: Workshop): readonly string[] {
  return workshop.serving.map((folder) => join(folder, tool.name));
}

/** Empty when there is no cache yet. */
async function foldersIn(root: string): Promise<readonly string[]> {
  try {
    return await readdir(root);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new Error(`the tool cache ${root} cannot be read`, { cause: error });
  }
}
