// One small file per object under a directory of the state: `<root>/<Kind>/<namespace>.<name><extension>`.
// What the operator must remember about objects, and what it says about them, is kept this way. Knows nothing of the content.
import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { errorCode, writeAtomically } from './atomic-write.ts';

export type ObjectName = { readonly kind: string; readonly ref: ObjectRef };

export type ObjectFiles = {
  /** Every stored text. Files whose name is none of ours are passed over. */
  load(): Promise<readonly (ObjectName & { readonly path: string; readonly text: string })[]>;
  put(name: ObjectName, text: string): Promise<void>;
  remove(name: ObjectName): Promise<void>;
};

export type ObjectFilesOptions = {
  readonly root: string;
  readonly extension: string;
  readonly mode: number;
  readonly durable: boolean;
};

const noNamespace = '_';

export function createObjectFiles({ root, extension, mode, durable }: ObjectFilesOptions): ObjectFiles {
  const pathOf = ({ kind, ref }: ObjectName) =>
    join(root, kind, `${ref.namespace || noNamespace}.${ref.name}${extension}`);

  async function loadKind(kind: string) {
    const names = (await list(join(root, kind))).filter((name) => !name.startsWith('.') && name.endsWith(extension));
    return Promise.all(
      names.map(async (file) => {
        const path = join(root, kind, file);
        const stem = file.slice(0, -extension.length);
        const dot = stem.indexOf('.'); // a namespace holds no dot, a name may
        const namespace = stem.slice(0, Math.max(dot, 0));
        const ref = { namespace: namespace === noNamespace ? '' : namespace, name: stem.slice(dot + 1) };
        return { kind, ref, path, text: await readFile(path, 'utf8') };
      }),
    );
  }

  return {
    load: async () => (await Promise.all((await list(root)).map(loadKind))).flat(),
    put: (name, text) => writeAtomically(pathOf(name), text, { mode, durable }),
    remove: (name) => unlink(pathOf(name)).catch(absentIsFine),
  };
}

async function list(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return [];
    throw cause;
  }
}

function absentIsFine(cause: unknown): void {
  if (errorCode(cause) !== 'ENOENT') throw cause;
}
