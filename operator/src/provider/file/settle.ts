// What is in force, decided from what the manifest directories hold and what was in force before. The part an API server plays
// for kubectl: identity (uid, creation time, generation), admission, and that a bad edit changes nothing.
//   - An invalid document leaves the object's last good form in force.
//   - A file that cannot be read or attributed in full leaves everything that came from it in force.
//   - An object is gone when it was missing for a moment, not in one look: editors replace files by removing them first.
//   - One with a finalizer is then being deleted, which its file's return does not undo, and gone once it has none. The file may
//     come back to say what is to become of its mail, as `kubectl annotate` may in a cluster.
// Pure: time and uids come in.
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { onDeleteAnnotation } from '../../on-delete.ts';
import type { ScannedDirectory } from './scan-directory.ts';
import type { JsonObject } from './schema/structural.ts';
import type { Validator } from './schema/validate.ts';

/** An object in force: its last good form and what an API server would have added. */
export type ObjectRecord = {
  readonly kind: string;
  readonly ref: ObjectRef;
  /** The file it was last seen in. */
  readonly file: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  /** Grows with every change of the spec. */
  readonly generation: number;
  readonly object: JsonObject;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
};

export type Refusal = {
  readonly file: string;
  readonly document?: number;
  /** Absent when it could not be told which object is meant. */
  readonly about?: { readonly kind: string; readonly ref: ObjectRef; readonly generation: number };
  readonly problems: readonly string[];
};

export type Settlement = {
  readonly records: ReadonlyMap<string, ObjectRecord>;
  readonly refusals: readonly Refusal[];
  /** Records that no manifest holds any more, and since when; they go at the next look after `absenceMs`. */
  readonly absent: ReadonlyMap<string, number>;
};

export type SettleDeps = { readonly validator: Validator; readonly now: number; readonly newUid: () => string };

export const absenceMs = 300;

export function settle(scan: readonly ScannedDirectory[], before: Settlement, deps: SettleDeps): Settlement {
  const { found, refusals, broken } = collect(scan, deps.validator);
  const records = new Map<string, ObjectRecord>();
  const absent = new Map<string, number>();
  for (const [key, documents] of found) {
    const former = before.records.get(key);
    if (former && isHeld(former)) {
      records.set(key, withWordOf(documents, former));
      continue;
    }
    const known = isDeleted(former) ? undefined : former;
    const judged = judge(documents, known, deps);
    refusals.push(...judged.refusals);
    if (judged.record) records.set(key, judged.record);
  }
  for (const [key, known] of before.records) {
    if (isDeleted(known)) {
      if (isHeld(known) && !found.has(key)) records.set(key, known);
      continue;
    }
    if (found.has(key)) continue;
    const since = before.absent.get(key) ?? deps.now;
    if (broken(known.file)) records.set(key, known);
    else if (Math.abs(deps.now - since) < absenceMs) {
      records.set(key, known);
      absent.set(key, since);
    } else if (known.finalizers?.length) records.set(key, { ...known, deletionTimestamp: timestamp(deps.now) });
  }
  return { records, refusals, absent };
}

function isDeleted(record: ObjectRecord | undefined): boolean {
  return record?.deletionTimestamp !== undefined;
}

/** Being deleted, but somebody has something to do before. */
function isHeld(record: ObjectRecord): boolean {
  return isDeleted(record) && record.finalizers !== undefined && record.finalizers.length > 0;
}

/** Of the file of an object that is being deleted only this annotation counts; all else is its successor's. */
function withWordOf(documents: readonly Found[], held: ObjectRecord): ObjectRecord {
  const metadata = held.object['metadata'] as { readonly annotations?: Readonly<Record<string, string>> };
  const named = documents[0]?.value as { metadata?: { annotations?: Readonly<Record<string, unknown>> } } | undefined;
  const word = named?.metadata?.annotations?.[onDeleteAnnotation];
  if (typeof word !== 'string' || word === metadata.annotations?.[onDeleteAnnotation]) return held;
  const annotations = { ...metadata.annotations, [onDeleteAnnotation]: word };
  return { ...held, object: { ...held.object, metadata: { ...metadata, annotations } } };
}

/** metav1.Time: whole seconds. */
function timestamp(now: number): string {
  return new Date(now).toISOString().replace(/[.]\d+Z$/, 'Z');
}

export function recordKey(kind: string, ref: ObjectRef): string {
  return `${kind}/${ref.namespace}/${ref.name}`;
}

type Found = {
  readonly file: string;
  readonly document: number;
  readonly kind: string;
  readonly ref: ObjectRef;
  readonly value: unknown;
};

type Attributed = Found | { readonly file: string; readonly document?: number; readonly problem: string };

/** Documents by the object they are about, and what could not be attributed to one. */
function collect(scan: readonly ScannedDirectory[], validator: Validator) {
  const found = new Map<string, Found[]>();
  const refusals: Refusal[] = [];
  const brokenPaths = new Set<string>();
  for (const item of scan.flatMap((directory) => attribute(directory, validator))) {
    if ('problem' in item) {
      const { problem, ...place } = item;
      brokenPaths.add(item.file);
      refusals.push({ ...place, problems: [problem] });
    } else {
      const key = recordKey(item.kind, item.ref);
      found.set(key, [...(found.get(key) ?? []), item]);
    }
  }
  const broken = (file: string) => brokenPaths.has(file) || brokenPaths.has(dirname(file));
  return { found, refusals, broken };
}

function attribute({ path, problem, files }: ScannedDirectory, validator: Validator): Attributed[] {
  if (problem !== undefined) return [{ file: path, problem }];
  return files.flatMap((file): Attributed[] => {
    if (file.problem !== undefined) return [{ file: file.path, problem: file.problem }];
    return file.documents.map((document): Attributed => {
      const place = { file: file.path, document: document.number };
      if (!document.ok) return { ...place, problem: document.problem };
      const identity = validator.identify(document.value);
      if (!identity.ok) return { ...place, problem: identity.problem };
      return { ...place, kind: identity.kind, ref: identity.ref, value: document.value };
    });
  });
}

function judge(
  documents: readonly Found[],
  known: ObjectRecord | undefined,
  deps: SettleDeps,
): { readonly record: ObjectRecord | undefined; readonly refusals: readonly Refusal[] } {
  const first = documents[0]!;
  const refuse = (problems: readonly string[]) => {
    const { file, document, kind, ref } = first;
    const about = { kind, ref, generation: (known?.generation ?? 0) + 1 };
    return { record: known, refusals: [{ file, document, about, problems }] };
  };
  if (documents.length > 1) {
    const places = documents.map(({ file, document }) => `${file} (document ${document})`).join(' and ');
    return refuse([`the object is defined ${documents.length} times: ${places}; keep one`]);
  }
  const validated = deps.validator.validate(first.value, known?.object);
  return validated.ok
    ? { record: admit(first, validated.object, known, deps), refusals: [] }
    : refuse(validated.problems);
}

function admit(found: Found, object: JsonObject, known: ObjectRecord | undefined, deps: SettleDeps): ObjectRecord {
  const { kind, ref, file } = found;
  if (!known) {
    const creationTimestamp = timestamp(deps.now);
    return { kind, ref, file, object, uid: deps.newUid(), creationTimestamp, generation: 1 };
  }
  if (known.file === file && isDeepStrictEqual(known.object, object)) return known;
  const sameSpec = isDeepStrictEqual(known.object['spec'], object['spec']);
  return { ...known, file, object, generation: sameSpec ? known.generation : known.generation + 1 };
}
