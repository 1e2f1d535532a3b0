// A Secret as a directory of files, the way a kubelet mounts it: `<dir>/<key>` is a link into `..data`, itself a link that is
// renamed when the content changes, so that a reader never sees a new certificate beside an old key.
import { mkdir, readdir, readFile, rename, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fileProblem, writeAtomically } from './atomic-write.ts';

/** Makes `directory` show exactly `files`; does nothing when it already does. `revision` must be new for each change. */
export async function materialise(
  directory: string,
  files: ReadonlyMap<string, Uint8Array>,
  revision: string,
): Promise<void> {
  try {
    if (await shows(directory, files)) return;
    const data = `..${revision}`;
    for (const [key, content] of files)
      await writeAtomically(join(directory, data, key), content, { mode: 0o600, durable: false });
    await point(join(directory, '..data'), data);
    for (const key of files.keys()) await point(join(directory, key), join('..data', key));
    await sweep(directory, new Set([...files.keys(), '..data', data]));
  } catch (cause) {
    throw new Error(`cannot write ${directory}: ${fileProblem(cause)}`, { cause });
  }
}

export async function removeMount(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

/** Removes every `<root>/<namespace>/<name>` that is not in `wanted` (`namespace/name`). */
export async function sweepMounts(root: string, wanted: ReadonlySet<string>): Promise<void> {
  const list = (path: string) =>
    readdir(path).catch((cause: unknown) => {
      if (errorCode(cause) === 'ENOENT') return [];
      throw cause;
    });
  for (const namespace of await list(root))
    for (const name of await list(join(root, namespace)))
      if (!wanted.has(`${namespace}/${name}`)) await removeMount(join(root, namespace, name));
}

async function shows(directory: string, files: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = (await readdir(directory)).filter((name) => !name.startsWith('..'));
  if (names.length !== files.size) return false;
  for (const [key, content] of files) {
    const held = await readFile(join(directory, key)).catch(() => undefined);
    if (held === undefined || !held.equals(content)) return false;
  }
  return true;
}

async function point(link: string, target: string): Promise<void> {
  const temporary = `${link}.tmp`;
  await unlink(temporary).catch((cause: unknown) => {
    if (errorCode(cause) !== 'ENOENT') throw cause;
  });
  await symlink(target, temporary);
  await rename(temporary, link);
}

async function sweep(directory: string, keep: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(directory))
    if (!keep.has(name)) await rm(join(directory, name), { recursive: true, force: true });
}
