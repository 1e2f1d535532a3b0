// Reads what the operator's file provider keeps in its state directory: the objects in force with their statuses, and what
// is wrong with the manifests. A half-written state reads as far as it goes. Reads again only what changed.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { parse } from 'yaml';
import { label, refOf, resourceKinds, type Resource } from './resource.ts';

export type ResourceReader = {
  /** By kind, then as the file names sort. */
  resources(): readonly Resource[];
  /**
   * `FILE: what is wrong`, for manifests that are in force in no form. Where an earlier form is in force, the object's
   * conditions say what is wrong with the new one.
   */
  refused(): readonly string[];
};

/** `operatorState`: the directory the operator got as RELAYFLEET_STATE. */
export function createResourceReader(operatorState: string): ResourceReader {
  const read = createCachedReader();

  const statusesOf = (kind: Resource['kind']): ReadonlyMap<string, Resource['status']> =>
    new Map(
      filesIn(join(operatorState, 'status', kind)).flatMap((file) => {
        const value = read(file, parse) as Resource | undefined;
        return value === undefined ? [] : [[refKey(refOf(value)), value.status] as const];
      }),
    );

  const resources = (): readonly Resource[] =>
    resourceKinds.flatMap((kind) => {
      const statuses = statusesOf(kind);
      return filesIn(join(operatorState, 'objects', kind)).flatMap((file) => {
        const record = read(file, JSON.parse) as ObjectRecord | undefined;
        return record === undefined ? [] : [resourceOf(record, statuses.get(refKey(record.ref)))];
      });
    });

  return {
    resources,
    refused: () => {
      const refusals = (read(join(operatorState, 'problems.json'), JSON.parse) as Refusal[] | undefined) ?? [];
      const inForce = new Set(resources().map(label));
      return refusals
        .filter(({ about }) => about === undefined || !inForce.has(`${about.kind} ${refKey(about.ref)}`))
        .flatMap(({ file, problems }) => problems.map((problem) => `${file}: ${problem}`));
    },
  };
}

/** Both as operator/src/provider/file/settle.ts has them. */
type ObjectRecord = {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly creationTimestamp: string;
  readonly generation: number;
  readonly object: Resource;
};

type Refusal = {
  readonly file: string;
  readonly about?: { readonly kind: string; readonly ref: ObjectRef };
  readonly problems: readonly string[];
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
