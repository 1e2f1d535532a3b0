// What to do about a fleet's bucket, given what it holds and what it should hold: nothing, a fresh signature, or a new
// generation. Pure. The rule for generations: above everything ever given out or acknowledged, whatever the bucket says.
import type { KeyObject } from 'node:crypto';
import { openManifest, type Manifest } from '@relayfleet/contract/seal.ts';
import type { WantedSnapshot } from '../plan.ts';

/** Nodes without a snapshot take no manifest older than 15 min: renew well before. */
export const renewMs = 5 * 60_000;

export type Stored =
  | { readonly kind: 'Ours'; readonly manifest: Manifest }
  /** Signed by a key that is not ours; what it says of itself is not proven. */
  | { readonly kind: 'Foreign'; readonly fleetUid: string | undefined; readonly issuedAt: number | undefined }
  | { readonly kind: 'None' };

export type NextManifest =
  | { readonly kind: 'Current'; readonly generation: number }
  | { readonly kind: 'Renew'; readonly manifest: Manifest }
  | { readonly kind: 'Advance'; readonly manifest: Manifest }
  | { readonly kind: 'Refuse'; readonly problem: string };

/** Shard name -> digest of its sealed bytes. */
export type ShardDigests = ReadonlyMap<string, string>;

export type Moment = {
  readonly now: number;
  /** Whether this process has published to the bucket before: then a foreign manifest means somebody else does, too. */
  readonly publishedBefore: boolean;
};

const liveMs = 15 * 60_000;

export function nextManifest(
  stored: Stored,
  wanted: WantedSnapshot,
  digests: ShardDigests,
  moment: Moment,
): NextManifest {
  const { now } = moment;
  const sharing = stored.kind === 'Foreign' ? sharedWith(stored, wanted, moment) : undefined;
  if (sharing !== undefined) return { kind: 'Refuse', problem: sharing };
  const held = stored.kind === 'Ours' && stored.manifest.fleetUid === wanted.fleetUid ? stored.manifest : undefined;
  if (held && held.generation >= wanted.generationFloor && sameContent(held, wanted, digests)) {
    const age = Math.abs(now - held.issuedAt); // a clock that was set back makes a manifest from the future
    return age < renewMs
      ? { kind: 'Current', generation: held.generation }
      : { kind: 'Renew', manifest: { ...held, issuedAt: now } };
  }
  return {
    kind: 'Advance',
    manifest: {
      v: 1,
      fleetUid: wanted.fleetUid,
      generation: Math.max(held?.generation ?? 0, wanted.generationFloor) + 1,
      issuedAt: now,
      keyId: wanted.seal.fleetKey.id,
      shards: Object.fromEntries([...digests].map(([name, digest]) => [name, { digest }])),
    },
  };
}

/** Reads what a bucket holds; `undefined` bytes: nothing. */
export function readStored(bytes: Uint8Array | undefined, operatorPublicKey: KeyObject): Stored {
  if (bytes === undefined) return { kind: 'None' };
  const opened = openManifest(bytes, [operatorPublicKey]);
  return opened.ok ? { kind: 'Ours', manifest: opened.value } : { kind: 'Foreign', ...claims(bytes) };
}

function sameContent(held: Manifest, wanted: WantedSnapshot, digests: ShardDigests): boolean {
  const names = Object.keys(held.shards);
  if (held.keyId !== wanted.seal.fleetKey.id || names.length !== digests.size) return false;
  return names.every((name) => held.shards[name]?.digest === digests.get(name));
}

function sharedWith(
  { fleetUid, issuedAt }: Extract<Stored, { kind: 'Foreign' }>,
  wanted: WantedSnapshot,
  { now, publishedBefore }: Moment,
): string | undefined {
  const alive = issuedAt !== undefined && Math.abs(now - issuedAt) < liveMs;
  if (fleetUid === undefined || fleetUid === wanted.fleetUid || !alive || !publishedBefore) return undefined;
  return `the bucket holds the configuration of another fleet (uid ${fleetUid}), published a moment ago: give each fleet a NATS account of its own`;
}

function claims(bytes: Uint8Array): { fleetUid: string | undefined; issuedAt: number | undefined } {
  const text = Buffer.from(bytes).toString();
  try {
    const { fleetUid, issuedAt } = JSON.parse(text.slice(text.indexOf('\n') + 1)) as Partial<Manifest>;
    return {
      fleetUid: typeof fleetUid === 'string' ? fleetUid.slice(0, 64) : undefined,
      issuedAt: typeof issuedAt === 'number' ? issuedAt : undefined,
    };
  } catch {
    return { fleetUid: undefined, issuedAt: undefined };
  }
}
