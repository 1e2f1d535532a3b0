// Replaces a file whole or not at all: written beside its place, then renamed over it (POSIX rename is atomic).
// A durable write also survives a power cut: the bytes are synced before the rename, the directory after it.
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';

export type WriteOptions = {
  /** Permission bits; 0o600 for anything secret. */
  readonly mode: number;
  readonly durable: boolean;
};

/** Rejects with a sentence that names the file when it could not be written; the old content is then untouched. */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', options.mode);
    try {
      await file.writeFile(content);
      if (options.durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    if (options.durable) await syncDirectory(dirname(path));
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw new Error(`cannot write ${path}: ${fileProblem(cause)}`, { cause });
  }
}

/** Makes renames and removals in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** What a file system error means and what helps. */
export function fileProblem(cause: unknown): string {
  const code = errorCode(cause);
  return (code && remedies[code]) ?? (cause instanceof Error ? cause.message : String(cause));
}

export function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk; free some, nothing is lost and it is tried again',
  EDQUOT: 'the disk quota is used up; raise it or free some space, nothing is lost and it is tried again',
  EROFS: 'the file system is read-only; make it writable',
  EACCES: 'permission denied; give the user the operator runs as access to it',
  EPERM: 'permission denied; give the user the operator runs as access to it',
  ENOENT: 'it does not exist; create it',
  ENOTDIR: 'a part of its path is not a directory',
  EEXIST: 'a file stands where a directory should be; move it away',
  EISDIR: 'it is a directory, not a file',
  EMFILE: 'too many open files; raise the limit (ulimit -n)',
};
