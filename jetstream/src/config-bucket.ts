// The bucket that carries a fleet's configuration: the operator puts shards and a manifest, nodes read them.
// Moves sealed bytes only; what they mean, and whether to believe them, is decided elsewhere.
import { JetStreamApiError } from '@nats-io/jetstream';
import { bucketStream, bucketSubject, buckets, configKeys, notices } from '@relayfleet/contract/subjects.ts';
import { presentValue, putValue } from './bucket.ts';
import type { Nats } from './connect.ts';
import { follow } from './follow.ts';
import { manager, readLast, readNear } from './read.ts';

export type StoredManifest = { readonly bytes: Uint8Array; readonly revision: number };

/** The operator's side. Everything rejects when NATS does not answer or the bucket is missing (then `ensureStreams` again). */
export type ConfigPublisher = {
  readManifest(): Promise<StoredManifest | undefined>;
  /** Keys of the shards the bucket holds. */
  shardKeys(): Promise<ReadonlySet<string>>;
  putShard(key: string, bytes: Uint8Array): Promise<void>;
  /** Compare-and-set; `expectedRevision` 0 means that there is none yet. */
  putManifest(bytes: Uint8Array, expectedRevision: number): Promise<'ok' | 'conflict'>;
  /** Removes every shard whose key is not in `keep`; returns how many. */
  pruneShards(keep: ReadonlySet<string>): Promise<number>;
};

/** A node's side. */
export type ConfigReader = {
  /**
   * Calls `listener` with the stored manifest at once and on every change, and with undefined when there is none (any more).
   * Says nothing while NATS does not answer. Returns how to stop.
   */
  watchManifest(listener: (bytes: Uint8Array | undefined) => void): () => void;
  /** Undefined when the bucket does not hold it (any more: a newer manifest is on its way). Rejects when NATS does not answer. */
  getShard(key: string): Promise<Uint8Array | undefined>;
};

const stream = bucketStream(buckets.config);
const manifestSubject = bucketSubject(buckets.config, configKeys.manifest);
const shardSubjects = bucketSubject(buckets.config, 'shard.>');
const streamNotFound = 10059;
/** A suspension must bite within 5 s even where the notice was lost. */
const lookEveryMs = 2_000;

export function openConfigPublisher(nats: Nats): ConfigPublisher {
  const shardKeys = async () => {
    const { state } = await (await manager(nats)).streams.info(stream, { subjects_filter: shardSubjects });
    return new Set(Object.keys(state.subjects ?? {}).map(keyOf));
  };
  return {
    readManifest: async () => {
      const stored = presentValue(await readLast(nats, stream, manifestSubject));
      return stored && { bytes: stored.data, revision: stored.seq };
    },
    shardKeys,
    putShard: async (key, bytes) => void (await putValue(nats, { subject: bucketSubject(buckets.config, key), bytes })),
    putManifest: async (bytes, expectedRevision) => {
      const put = await putValue(nats, { subject: manifestSubject, bytes, expectedRevision });
      if (put === 'ok' || expectedRevision !== 0) return put;
      // None for the reader, but perhaps the marker of one that was deleted by hand: that has a revision of its own.
      const stored = await readLast(nats, stream, manifestSubject);
      if (stored === undefined || presentValue(stored) !== undefined) return 'conflict';
      return putValue(nats, { subject: manifestSubject, bytes, expectedRevision: stored.seq });
    },
    pruneShards: async (keep) => {
      const { streams } = await manager(nats);
      const stale = [...(await shardKeys())].filter((key) => !keep.has(key));
      // Purged, not marked as deleted: a withdrawn key must be gone from the disk's view of the stream, and markers would pile up.
      for (const key of stale) await streams.purge(stream, { filter: bucketSubject(buckets.config, key) });
      return stale.length;
    },
  };
}

export function openConfigReader(nats: Nats): ConfigReader {
  return {
    watchManifest: (listener) => {
      let last: string | undefined; // a restored bucket may count from 1 again, so the time belongs to it
      const look = async () => {
        const stored = presentValue(await readLast(nats, stream, manifestSubject).catch(undefinedIfNoStream));
        const version = stored === undefined ? 'none' : `${stored.seq} ${stored.timestamp}`;
        if (version === last) return;
        last = version;
        listener(stored?.data);
      };
      return follow(nats, { notices: notices.manifest, everyMs: lookEveryMs, look });
    },
    getShard: async (key) => {
      const subject = bucketSubject(buckets.config, key);
      // Shards never change under their key, so a replica's copy is as good; only its "none" is not.
      const near = await readNear(nats, stream, subject);
      return presentValue(near ?? (await readLast(nats, stream, subject)))?.data;
    },
  };
}

function undefinedIfNoStream(error: unknown): undefined {
  if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined;
  throw error;
}

function keyOf(subject: string): string {
  return subject.slice(bucketSubject(buckets.config, '').length);
}
