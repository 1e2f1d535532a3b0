// Reads what the operator's file provider keeps in its state directory: the objects in force with their statuses, and what
// is wrong with the manifests. A half-written state reads as far as it goes. Reads again only what changed.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { parse } from 'yaml';
import { refOf, resourceKinds, type Resource } from './resource.ts';

/** A manifest the operator refused; the last good form of what it is about stays in force. */
export type RefusedManifest = {
  readonly file: string;
  readonly about?: { readonly kind: string; readonly ref: ObjectRef };
  readonly problems: readonly string[];
};

export type ResourceReader = {
  /** By kind, then as the file names sort. */
  resources(): readonly Resource[];
  refused(): readonly RefusedManifest[];
};

/** `operatorState`: the directory the operator got as RELAYFLEET_STATE. */
export function createResourceReader(operatorState: string): ResourceReader {
  const read = createCachedReader();
  return {
    resources: () =>
      resourceKinds.flatMap((kind) => {
        const statuses = new Map(
          filesIn(join(operatorState, 'status', kind)).flatMap((file) => {
            const value = read(file, parse) as Resource | undefined;
            return value === undefined ? [] : [[key(refOf(value)), value.status] as const];
          }),
        );
        return filesIn(join(operatorState, 'objects', kind)).flatMap((file) => {
          const record = read(file, JSON.parse) as ObjectRecord | undefined;
          return record === undefined ? [] : [resourceOf(record, statuses.get(key(record.ref)))];
        });
      }),
    refused: () => (read(join(operatorState, 'problems.json'), JSON.parse) as RefusedManifest[] | undefined) ?? [],
  };
}

/** As operator/src/provider/file/settle.ts writes it. */
type ObjectRecord = {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly creationTimestamp: string;
  readonly generation: number;
  readonly object: Resource;
};

function resourceOf(
  { ref, uid, creationTimestamp, generation, object }: ObjectRecord,
  status: Resource['status'],
): Resource {
  const metadata = { ...object.metadata, ...ref, uid, creationTimestamp, generation };
  return { ...object, metadata, ...(status === undefined ? {} : { status }) } as Resource;
}

function createCachedReader(): (file: string, parseText: (text: string) => unknown) => unknown {
  const cache = new Map<string, { readonly stamp: string; readonly value: unknown }>();
  return (file, parseText) => {
    try {
      const { mtimeMs, size, ino } = statSync(file);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      const known = cache.get(file);
      if (known?.stamp === stamp) return known.value;
      const value = parseText(readFileSync(file, 'utf8'));
      cache.set(file, { stamp, value });
      return value;
    } catch {
      return undefined; // not there (any more), or not ours
    }
  };
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.') && /\.(json|yaml)$/.test(name))
      .toSorted()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function key({ namespace, name }: ObjectRef): string {
  return `${namespace}/${name}`;
}
