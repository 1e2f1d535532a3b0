// From a manifest that may be adopted to the snapshot it describes: fetch what is new, check, decrypt, parse; all or nothing.
// Bytes come through a function, so that nothing here knows NATS. Shards that did not change are not fetched again.
import { openShard, shardDigest, type FleetKey, type Manifest } from '@relayfleet/contract/seal.ts';
import { fromShards, type Snapshot } from '@relayfleet/contract/snapshot.ts';
import { configKeys } from '@relayfleet/contract/subjects.ts';

/** Plain shards by name, with the digest of the sealed bytes they came from. */
export type OpenShards = ReadonlyMap<string, { readonly digest: string; readonly plain: Uint8Array }>;

export type ShardSource = {
  /** Undefined when the bucket does not hold it; rejects when it cannot be asked. */
  readonly getShard: (key: string) => Promise<Uint8Array | undefined>;
  readonly fleetKeys: readonly FleetKey[];
  /** What is open already. */
  readonly known: OpenShards;
};

export type Opened =
  | { readonly ok: true; readonly snapshot: Snapshot; readonly shards: OpenShards }
  | {
      readonly ok: false;
      readonly reason: 'UnknownKey' | 'ShardMissing' | 'ShardUnreadable' | 'NotUnderstood';
      readonly message: string;
    };

const fetchesAtOnce = 16;

export async function openShards(manifest: Manifest, source: ShardSource): Promise<Opened> {
  const key = source.fleetKeys.find(({ id }) => id === manifest.keyId);
  if (key === undefined)
    return {
      ok: false,
      reason: 'UnknownKey',
      message: `sealed with fleet key ${manifest.keyId}, which this node does not have`,
    };
  const shards = new Map<string, { digest: string; plain: Uint8Array }>();
  const wanted = Object.entries(manifest.shards);
  for (let start = 0; start < wanted.length; start += fetchesAtOnce) {
    const group = wanted.slice(start, start + fetchesAtOnce);
    const opened = await Promise.all(
      group.map(([name, { digest }]) => openOne({ fleetUid: manifest.fleetUid, name, key }, digest, source)),
    );
    for (const [index, shard] of opened.entries()) {
      if ('reason' in shard) return { ok: false, ...shard };
      shards.set(group[index]?.[0] ?? '', shard);
    }
  }
  const snapshot = fromShards(manifest.generation, new Map([...shards].map(([name, { plain }]) => [name, plain])));
  if (!snapshot.ok) return { ok: false, reason: 'NotUnderstood', message: snapshot.problem };
  return { ok: true, snapshot: snapshot.value, shards };
}

async function openOne(
  context: { readonly fleetUid: string; readonly name: string; readonly key: FleetKey },
  digest: string,
  { getShard, known }: ShardSource,
): Promise<{ digest: string; plain: Uint8Array } | { reason: 'ShardMissing' | 'ShardUnreadable'; message: string }> {
  const { name } = context;
  const open = known.get(name);
  if (open?.digest === digest) return { digest, plain: open.plain };
  let sealed: Uint8Array | undefined;
  try {
    sealed = await getShard(configKeys.shard(name, digest));
  } catch {
    return { reason: 'ShardMissing', message: `shard ${name}: NATS does not answer` };
  }
  if (sealed === undefined) return { reason: 'ShardMissing', message: `shard ${name}: the bucket does not hold it` };
  const plain = shardDigest(sealed) === digest ? openShard(context, sealed) : undefined;
  if (plain === undefined)
    return { reason: 'ShardUnreadable', message: `shard ${name}: its bytes are not those the manifest was signed for` };
  return { digest, plain };
}
