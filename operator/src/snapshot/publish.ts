// Puts a fleet's snapshot into its bucket so that a crash at any line leaves the nodes with one they can use:
// note the generation, then the shards (named by content, so none is overwritten), then the manifest by compare-and-set,
// and only then away with shards nobody names. What to publish is decided in next-manifest.ts.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { sealShard, shardDigest, openShard, signManifest, type Manifest } from '@relayfleet/contract/seal.ts';
import { fromShards, toShards, type SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import { configKeys } from '@relayfleet/contract/subjects.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { WantedSnapshot } from '../plan.ts';
import type { PublishedSnapshot } from '../world.ts';
import { advanceEntries, digestEntries, digestWhole } from './entries.ts';
import { nextManifest, readStored, type ShardDigests } from './next-manifest.ts';

/** What publishing needs of the bucket. Every function rejects when NATS does not answer. */
export type Bucket = {
  readManifest(): Promise<{ readonly bytes: Uint8Array; readonly revision: number } | undefined>;
  getShard(key: string): Promise<Uint8Array | undefined>;
  putShard(key: string, bytes: Uint8Array): Promise<void>;
  shardKeys(): Promise<ReadonlySet<string>>;
  putManifest(bytes: Uint8Array, expectedRevision: number): Promise<'ok' | 'conflict'>;
  pruneShards(keep: ReadonlySet<string>): Promise<number>;
};

export type PublishDeps = {
  readonly bucket: Bucket;
  /** Keeps the high-water mark where a lost bucket cannot take it along; rejects when it could not be written. */
  readonly noteGeneration: (keysSecret: ObjectRef, generation: number) => Promise<void>;
  readonly now: () => number;
};

export type Publication =
  | {
      readonly ok: true;
      readonly did: 'nothing' | 'renewed' | 'advanced' | 'repaired';
      readonly published: PublishedSnapshot;
    }
  | { readonly ok: false; readonly problem: string };

export type Sealed = {
  readonly digest: string;
  readonly keyId: string;
  readonly shards: ReadonlyMap<string, { readonly key: string; readonly digest: string; readonly bytes: Uint8Array }>;
};

/** Seals every shard; give the last result back as `before` to spare the work when nothing changed. */
export function sealSnapshot({ fleetUid, content, digest, seal }: WantedSnapshot, before?: Sealed): Sealed {
  if (before?.digest === digest && before.keyId === seal.fleetKey.id) return before;
  const shards = [...toShards(content)].map(([name, plain]) => {
    const bytes = sealShard({ fleetUid, name, key: seal.fleetKey }, plain);
    const shard = shardDigest(bytes);
    return [name, { key: configKeys.shard(name, shard), digest: shard, bytes }] as const;
  });
  return { digest, keyId: seal.fleetKey.id, shards: new Map(shards) };
}

const attempts = 5;
/** Shards put at once: each is synced to disk, and the server syncs several with one call. */
const together = 16;

export type Work = {
  readonly wanted: WantedSnapshot;
  readonly sealed: Sealed;
  /** What was published before, as far as this process knows. */
  readonly previous: PublishedSnapshot | undefined;
};

/** Rejects when NATS does not answer or the generation could not be noted. */
export async function publishSnapshot(deps: PublishDeps, { wanted, sealed, previous }: Work): Promise<Publication> {
  const operatorKey = createPrivateKey(wanted.seal.operatorKey);
  const digests: ShardDigests = new Map([...sealed.shards].map(([name, { digest }]) => [name, digest]));
  for (let attempt = 0; attempt < attempts; attempt++) {
    const stored = await deps.bucket.readManifest();
    const moment = { now: deps.now(), publishedBefore: previous !== undefined };
    const next = nextManifest(readStored(stored?.bytes, createPublicKey(operatorKey)), wanted, digests, moment);
    if (next.kind === 'Refuse') return { ok: false, problem: next.problem };
    if (next.kind === 'Current') {
      const did = (await putMissing(deps.bucket, sealed)) > 0 ? 'repaired' : 'nothing';
      return { ok: true, did, published: describe(wanted, next.generation, moment.now, previous) };
    }
    if (next.kind === 'Advance') await deps.noteGeneration(wanted.keysSecret, next.manifest.generation);
    await putMissing(deps.bucket, sealed);
    if (!(await putManifest(deps, next.manifest, operatorKey, stored?.revision ?? 0))) continue;
    await deps.bucket.pruneShards(new Set([...sealed.shards.values()].map(({ key }) => key)));
    const did = next.kind === 'Renew' ? 'renewed' : 'advanced';
    return { ok: true, did, published: describe(wanted, next.manifest.generation, moment.now, previous) };
  }
  return { ok: false, problem: 'another operator writes to the same bucket: run one operator for a fleet' };
}

/** What the bucket holds, as this operator published it earlier; undefined when it is not all there or not ours. */
export async function loadPublished(bucket: Bucket, wanted: WantedSnapshot): Promise<PublishedSnapshot | undefined> {
  const stored = await bucket.readManifest();
  const opened = readStored(stored?.bytes, createPublicKey(createPrivateKey(wanted.seal.operatorKey)));
  if (opened.kind !== 'Ours' || opened.manifest.keyId !== wanted.seal.fleetKey.id) return undefined;
  const { generation, issuedAt } = opened.manifest;
  const content = await loadContent(bucket, wanted, opened.manifest);
  if (content === undefined) return undefined;
  const entries = digestEntries(content);
  return {
    generation,
    digest: digestWhole(entries),
    at: issuedAt,
    content,
    entries: advanceEntries(undefined, entries, generation),
  };
}

async function loadContent(
  bucket: Bucket,
  { fleetUid, seal }: WantedSnapshot,
  { generation, shards }: Manifest,
): Promise<SnapshotContent | undefined> {
  const plain = await Promise.all(
    Object.entries(shards).map(async ([name, { digest }]) => {
      const bytes = await bucket.getShard(configKeys.shard(name, digest));
      return [name, bytes && openShard({ fleetUid, name, key: seal.fleetKey }, bytes)] as const;
    }),
  );
  const whole = plain.filter((entry): entry is readonly [string, Uint8Array] => entry[1] !== undefined);
  const snapshot = fromShards(generation, new Map(whole));
  if (whole.length < plain.length || !snapshot.ok) return undefined;
  const { fleet, domains, platforms } = snapshot.value;
  return { fleet, domains: [...domains.values()], platforms: [...platforms.values()] };
}

async function putMissing(bucket: Bucket, { shards }: Sealed): Promise<number> {
  const present = await bucket.shardKeys();
  const missing = [...shards.values()].filter(({ key }) => !present.has(key));
  for (let start = 0; start < missing.length; start += together)
    await Promise.all(missing.slice(start, start + together).map(({ key, bytes }) => bucket.putShard(key, bytes)));
  return missing.length;
}

async function putManifest(
  { bucket }: PublishDeps,
  manifest: Manifest,
  operatorKey: KeyObject,
  expectedRevision: number,
): Promise<boolean> {
  return (await bucket.putManifest(signManifest(manifest, operatorKey), expectedRevision)) === 'ok';
}

function describe(
  { content, digest, entries }: WantedSnapshot,
  generation: number,
  now: number,
  previous: PublishedSnapshot | undefined,
): PublishedSnapshot {
  if (previous?.generation === generation && previous.digest === digest) return previous;
  return { generation, digest, at: now, content, entries: advanceEntries(previous?.entries, entries, generation) };
}
