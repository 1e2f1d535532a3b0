// What the file provider remembers across restarts: records of objects in force (`<state>/objects`), the statuses it wrote
// (`<state>/status`), and the list of what is wrong now (`<state>/problems.json`), which people and tools read.
// Writes only what changed. A record that cannot be written is written at the next look: what is in force does not wait for a disk.
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { WantedStatus } from '../../plan.ts';
import { writeAtomically } from './atomic-write.ts';
import { createObjectFiles, type ObjectName } from './object-files.ts';
import { isObject, type JsonObject } from './schema/structural.ts';
import { recordKey, type ObjectRecord, type Refusal } from './settle.ts';
import { forEachOf } from './turns.ts';

export type Memory = {
  readonly statuses: ReadonlyMap<string, JsonObject>;
  /** Records of the last run. An unreadable one is reported and left out. */
  load(): Promise<ReadonlyMap<string, ObjectRecord>>;
  /** Makes the stored records equal to these. Rejects when some could not be written. */
  keep(records: ReadonlyMap<string, ObjectRecord>): Promise<void>;
  putStatus(wanted: WantedStatus): Promise<boolean>;
  /** Forgets statuses of objects that are neither in force nor refused. */
  sweepStatuses(alive: (key: string) => boolean): Promise<void>;
  putProblems(refusals: readonly Refusal[]): Promise<void>;
};

export function createMemory(state: string, onUnreadable: (path: string, problem: string) => void): Memory {
  const recordFiles = createObjectFiles({
    root: join(state, 'objects'),
    extension: '.json',
    mode: 0o600,
    durable: true,
  });
  const statusFiles = createObjectFiles({
    root: join(state, 'status'),
    extension: '.yaml',
    mode: 0o644,
    durable: false,
  });
  const stored = new Map<string, ObjectRecord>();
  const statuses = new Map<string, JsonObject>();
  const names = new Map<string, ObjectName>();
  let problems: string | undefined;

  async function loadStatuses(): Promise<void> {
    for (const { kind, ref, path, text } of await statusFiles.load()) {
      const status = readStatus(text);
      if (!status) onUnreadable(path, 'holds no status; it is written anew');
      names.set(recordKey(kind, ref), { kind, ref });
      statuses.set(recordKey(kind, ref), status ?? {});
    }
  }

  return {
    statuses,
    async load() {
      await loadStatuses();
      for (const { kind, ref, path, text } of await recordFiles.load()) {
        const record = readRecord(text);
        if (record) stored.set(recordKey(kind, ref), record);
        else onUnreadable(path, 'is damaged; the object is taken for a new one');
      }
      return new Map(stored);
    },
    async keep(records) {
      const changed = [...records].filter(([key, record]) => stored.get(key) !== record);
      await forEachOf(changed, async ([key, record]) => {
        await recordFiles.put(record, JSON.stringify(record));
        stored.set(key, record);
      });
      const gone = [...stored].filter(([key]) => !records.has(key));
      await forEachOf(gone, async ([key, record]) => {
        await recordFiles.remove(record);
        stored.delete(key);
      });
    },
    async putStatus({ kind, ref, status }) {
      const key = recordKey(kind, ref);
      if (isDeepStrictEqual(statuses.get(key), status)) return false;
      const metadata = { namespace: ref.namespace, name: ref.name };
      const document = { apiVersion: 'relayfleet.io/v1alpha1', kind, metadata, status };
      await statusFiles.put({ kind, ref }, stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }));
      names.set(key, { kind, ref });
      statuses.set(key, structuredClone(status) as JsonObject);
      return true;
    },
    async sweepStatuses(alive) {
      const gone = [...names].filter(([key]) => !alive(key));
      await forEachOf(gone, async ([key, name]) => {
        await statusFiles.remove(name);
        names.delete(key);
        statuses.delete(key);
      });
    },
    async putProblems(refusals) {
      const text = `${JSON.stringify(refusals, null, 2)}\n`;
      if (text === problems) return;
      await writeAtomically(join(state, 'problems.json'), text, { mode: 0o644, durable: false });
      problems = text;
    },
  };
}

function readStatus(text: string): JsonObject | undefined {
  try {
    const document: unknown = parse(text);
    return isObject(document) && isObject(document['status']) ? document['status'] : undefined;
  } catch {
    return undefined;
  }
}

function readRecord(text: string): ObjectRecord | undefined {
  try {
    const record: unknown = JSON.parse(text);
    const whole = isObject(record) && isObject(record['object']) && isObject(record['ref']) && 'uid' in record;
    return whole ? (record as ObjectRecord) : undefined;
  } catch {
    return undefined;
  }
}
