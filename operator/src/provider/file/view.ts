// Records and statuses as the typed objects the core reads. The one place where checked documents get their types:
// the schema has vouched for them.
import type { Namespace, ObjectMeta, Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import type { Condition } from '@relayfleet/contract/conditions.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { InvalidObject, Kind } from '../../world.ts';
import type { Observed } from '../provider.ts';
import { isObject, type JsonObject } from './schema/structural.ts';
import { recordKey, type ObjectRecord, type Refusal, type Settlement } from './settle.ts';

export type Statuses = ReadonlyMap<string, JsonObject>;

/** Keeps one Secret object per record: the core remembers what it read from a Secret by identity. */
export type SecretsOfRecords = WeakMap<ObjectRecord, Secret>;

export function view(
  settled: Pick<Settlement, 'records' | 'refusals'>,
  statuses: Statuses,
  owned: ReadonlyMap<string, Secret>,
  cache: SecretsOfRecords,
): Observed {
  const records = [...settled.records.values()];
  const of = <T>(kind: Kind) =>
    records.filter((record) => record.kind === kind).map((record) => typed<T>(record, statuses));
  const secrets = new Map(owned);
  for (const record of records) if (record.kind === 'Secret') secrets.set(refKey(record.ref), secretOf(record, cache));
  return {
    fleets: of<RelayFleet>('RelayFleet'),
    domains: of<RelayDomain>('RelayDomain'),
    platforms: of<SenderPlatform>('SenderPlatform'),
    namespaces: namespacesOf(records),
    secrets,
    otherSecrets: new Set(),
    invalid: settled.refusals.flatMap((refusal) => invalidObject(refusal, statuses)),
  };
}

function typed<T>(record: ObjectRecord, statuses: Statuses): T {
  const { kind, ref, generation, object } = record;
  const status = statuses.get(recordKey(kind, ref));
  return { ...object, metadata: metaOf(record, generation), ...(status ? { status } : {}) } as T;
}

function metaOf(record: ObjectRecord, generation: number): ObjectMeta {
  const { ref, uid, creationTimestamp, deletionTimestamp, finalizers, object } = record;
  const { labels, annotations } = object['metadata'] as Pick<ObjectMeta, 'labels' | 'annotations'>;
  return {
    ...ref,
    uid,
    generation,
    creationTimestamp,
    ...(deletionTimestamp ? { deletionTimestamp } : {}),
    ...(finalizers ? { finalizers } : {}),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function secretOf(record: ObjectRecord, cache: SecretsOfRecords): Secret {
  const known = cache.get(record);
  if (known) return known;
  const secret = { ...record.object, metadata: metaOf(record, 0) } as unknown as Secret;
  cache.set(record, secret);
  return secret;
}

/** Every namespace in use exists, as in a cluster, and carries the label a cluster gives it. */
function namespacesOf(records: readonly ObjectRecord[]): Namespace[] {
  const written = new Map(
    records.filter(({ kind }) => kind === 'Namespace').map((record) => [record.ref.name, record]),
  );
  const used = records.filter(({ kind }) => kind !== 'Namespace').map(({ ref }) => ref.namespace);
  return [...new Set([...written.keys(), ...used])].map((name) => {
    const record = written.get(name);
    const plain = { name, namespace: '', uid: '', generation: 0, creationTimestamp: '' };
    const metadata: ObjectMeta = record ? metaOf(record, 0) : plain;
    const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': name };
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { ...metadata, labels } };
  });
}

const customKinds: ReadonlySet<string> = new Set<Kind>(['RelayFleet', 'RelayDomain', 'SenderPlatform']);

function invalidObject({ file, document, about, problems }: Refusal, statuses: Statuses): InvalidObject[] {
  if (!about || !customKinds.has(about.kind)) return [];
  const place = document === undefined ? file : `${file} (document ${document})`;
  const status = statuses.get(recordKey(about.kind, about.ref));
  const conditions =
    isObject(status) && Array.isArray(status['conditions']) ? (status['conditions'] as Condition[]) : [];
  const sentences = problems.map((problem) => `${place}: ${problem}`);
  return [{ kind: about.kind as Kind, ref: about.ref, generation: about.generation, problems: sentences, conditions }];
}
