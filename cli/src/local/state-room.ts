// Makes the directories of a local fleet's state, and says at once when they are of no use: path, reason and remedy. Better here
// than from a part that dies later. Decides nothing about what lies in them.
// Step by step and not `recursive`: Node's recursive mkdir never returns below /proc.
import { accessSync, constants, mkdirSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StateDirectory } from '../state-directory.ts';

/** Enough for the parts to start and say themselves what they lack. */
const leastFreeBytes = 32 * 1024 * 1024;

/** Undefined when all is well. */
export function makeRoom(state: StateDirectory): string | undefined {
  const remedy = 'or name another state directory with --state-dir DIR';
  for (const path of [state.root, state.natsDirectory, state.manifests, state.operator, state.received, state.logs]) {
    const why = makeDirectory(path) ?? unwritable(path);
    if (why !== undefined) return `the state directory ${state.root} cannot be used: ${why}, ${remedy}`;
  }
  const { bavail, bsize } = statfsSync(state.root);
  const free = bavail * bsize;
  if (free >= leastFreeBytes) return undefined;
  return `the disk of the state directory ${state.root} is full: ${Math.floor(free / 1024)} KB are free, ${leastFreeBytes / 1024} KB are the least a start takes; free some, ${remedy}`;
}

/** With every directory above it that is missing. A text is what stands against it. */
function makeDirectory(path: string): string | undefined {
  const kind = kindOf(path);
  if (kind === 'directory') return undefined;
  if (kind === 'other') return `${path} is not a directory; move it away`;
  const above = dirname(path);
  const why = above === path ? undefined : makeDirectory(above);
  return why ?? attempt(() => mkdirSync(path, { mode: 0o700 }), path);
}

function kindOf(path: string): 'directory' | 'other' | 'missing' {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'other';
  } catch {
    return 'missing'; // or not to be seen: making it will say so
  }
}

function unwritable(path: string): string | undefined {
  return attempt(() => accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK), path);
}

function attempt(step: () => void, path: string): string | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return `${path}: ${reasons[code] ?? `${code}; make it a directory you may write to`}`;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; give yourself access to it',
  EPERM: 'permission denied; give yourself access to it',
  EROFS: 'its file system is read-only; make it writable',
  ENOSPC: 'no space left on the disk; free some',
  EDQUOT: 'your quota on the disk is used up; free some',
  EEXIST: 'it is a link to nothing; take it away',
  ENOENT: `no directory can be made there; take a file system of a disk`,
};
