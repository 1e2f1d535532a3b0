// What a manifest directory holds right now: its YAML and JSON files, parsed. Not recursive and without hidden files, as
// `kubectl apply -f DIR`. A file that did not change since the last scan is not read again and stays the same object.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fileProblem } from './atomic-write.ts';
import { parseManifest, type ManifestDocument } from './manifest-text.ts';

export type ScannedFile = {
  readonly path: string;
  /** Why the file as a whole could not be read; then it has no documents. */
  readonly problem?: string;
  readonly documents: readonly ManifestDocument[];
};
export type ScannedDirectory = {
  readonly path: string;
  readonly problem?: string;
  readonly files: readonly ScannedFile[];
};

export type Scanner = { scan(): Promise<readonly ScannedDirectory[]> };

export function createScanner(directories: readonly string[]): Scanner {
  const seen = new Map<string, { readonly stamp: string; readonly file: ScannedFile }>();

  async function scanFile(path: string): Promise<ScannedFile | undefined> {
    try {
      const stamp = stampOf(await stat(path));
      const before = seen.get(path);
      if (before?.stamp === stamp) return before.file;
      const file = { path, documents: parseManifest(await readFile(path, 'utf8')) };
      // Something written while we read is seen by the next scan, for its stamp is then another one.
      seen.set(path, { stamp, file });
      return file;
    } catch (cause) {
      seen.delete(path);
      if (errorCode(cause) === 'ENOENT') return undefined; // removed since it was listed, or a link to nothing
      return { path, problem: `cannot be read: ${fileProblem(cause)}`, documents: [] };
    }
  }

  async function scanDirectory(path: string): Promise<ScannedDirectory> {
    try {
      const names = (await readdir(path)).filter((name) => /^[^.].*[.](ya?ml|json)$/.test(name)).toSorted();
      const files: ScannedFile[] = [];
      for (const name of names) {
        const file = await scanFile(join(path, name));
        if (file) files.push(file);
      }
      return { path, files };
    } catch (cause) {
      return { path, problem: `cannot be read: ${fileProblem(cause)}`, files: [] };
    }
  }

  return { scan: () => Promise.all(directories.map(scanDirectory)) };
}

function stampOf({
  mtimeMs,
  ctimeMs,
  size,
  ino,
}: {
  mtimeMs: number;
  ctimeMs: number;
  size: number;
  ino: number;
}): string {
  return `${mtimeMs}|${ctimeMs}|${size}|${ino}`;
}
