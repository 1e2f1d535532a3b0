// Names the folder outside the source tree that keeps built tools, so that every checkout and every run share one
// build. A folder's name changes with everything that could change the programs in it. Decides names only.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Platform } from './catalogue.ts';

export type CacheInputs = {
  readonly goMod: string;
  readonly goSum: string;
  /** The project's own Go sources. */
  readonly sources: string;
  /** recipe.ts: flags, environment, packages. */
  readonly recipe: string;
  readonly platform: Platform;
};

/** Where all tool folders are. XDG Base Directory Specification 0.8: a relative path in the variable is ignored. */
export function cacheRoot(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const own = env['RELAYFLEET_TOOLS_DIR'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg?.startsWith('/') === true ? xdg : join(home, '.cache'), 'relayfleet', 'tools');
}

/** `<hash>-<os>-<arch>`: what was pinned and for which machine, whoever made it. */
export function cacheKey({ goMod, goSum, sources, recipe, platform }: CacheInputs): string {
  const hash = createHash('sha256');
  for (const part of [goMod, goSum, sources, recipe]) hash.update(`${Buffer.byteLength(part)}:${part}`);
  return `${hash.digest('hex').slice(0, 16)}-${platform.os}-${platform.arch}`;
}

/** `maker` is `go1.26.8` or `release`. */
export function folderName(key: string, maker: string): string {
  return `${key}-${maker}`;
}

/**
 * Which of the `existing` folders may serve, best first: the one this machine would make now, and, where there is no Go
 * to make it with, any other of the same pins.
 */
export function servingFolders(key: string, goVersion: string | undefined, existing: readonly string[]): string[] {
  if (goVersion !== undefined) return [folderName(key, goVersion)];
  return existing.filter((name) => name.startsWith(`${key}-`)).sort();
}
