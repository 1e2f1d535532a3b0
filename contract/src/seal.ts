// How a snapshot travels through a bucket that nobody needs to trust: shards sealed, their digests in a signed manifest.
// Sealing is AES-256-GCM with a nonce derived from key and plaintext (the idea of RFC 8452), so equal content has equal bytes
// and an unchanged shard is not written again. The manifest's one Ed25519 signature covers every shard through its digest.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { z } from 'zod';
import { documentVersion, parseWith, type Parsed } from './parse.ts';

/** 32 bytes shared by the operator and the nodes of one fleet; `id` tells which one sealed a snapshot. */
export type FleetKey = { readonly id: string; readonly key: Uint8Array };
export type ShardContext = { readonly fleetUid: string; readonly name: string; readonly key: FleetKey };

export const manifestVersion = 1;

const manifestSchema = z.object({
  v: z.literal(manifestVersion),
  fleetUid: z.string(),
  /** Grows with every change of content; never goes back. */
  generation: z.number().int().min(1),
  /** Milliseconds; renewed without a new generation so that a node can tell a live operator from an old copy. */
  issuedAt: z.number().int(),
  keyId: z.string(),
  shards: z.record(z.string(), z.object({ digest: z.string().length(64) })),
});
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

const nonceBytes = 12;
const tagBytes = 16;
const domainSeparator = 'relayfleet/manifest/v1\n';

export function sealShard(context: ShardContext, plain: Uint8Array): Uint8Array {
  const { encryption, nonceKey } = derive(context);
  const aad = associatedData(context);
  const nonce = createHmac('sha256', nonceKey).update(aad).update(plain).digest().subarray(0, nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', encryption, nonce).setAAD(aad);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what `sealShard` made; undefined when the bytes, the name, the fleet or the key do not fit. */
export function openShard(context: ShardContext, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', derive(context).encryption, sealed.subarray(0, nonceBytes));
  decipher.setAAD(associatedData(context)).setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

export function shardDigest(sealed: Uint8Array): string {
  return createHash('sha256').update(sealed).digest('hex');
}

/** Manifest as stored: base64 signature, a newline, the signed JSON. */
export function signManifest(manifest: Manifest, operatorKey: KeyObject): Uint8Array {
  const json = JSON.stringify(manifest);
  const signature = sign(null, Buffer.from(domainSeparator + json), operatorKey).toString('base64');
  return Buffer.from(`${signature}\n${json}`);
}

/** Checks the signature before anything else is read; any of `operatorKeys` may have signed. */
export function openManifest(stored: Uint8Array, operatorKeys: readonly KeyObject[]): Parsed<Manifest> {
  const text = Buffer.from(stored).toString();
  const end = text.indexOf('\n');
  const signature = Buffer.from(text.slice(0, Math.max(end, 0)), 'base64');
  const json = text.slice(end + 1);
  if (!operatorKeys.some((key) => verify(null, Buffer.from(domainSeparator + json), key, signature)))
    return { ok: false, problem: 'signature: not made by this fleet’s operator' };
  const value: unknown = JSON.parse(json); // signed by us, so a failure here is a bug
  const version = documentVersion(value);
  if (version !== undefined && version > manifestVersion)
    return { ok: false, problem: `v: version ${version} is newer than this node understands (${manifestVersion})` };
  return parseWith(manifestSchema, value);
}

export type ManifestJudgement =
  | { readonly verdict: 'Adopt' }
  | { readonly verdict: 'Renewed' }
  | {
      readonly verdict: 'Refuse';
      readonly reason: 'WrongFleet' | 'OlderGeneration' | 'GenerationReused' | 'TooOld';
      readonly message: string;
    };

/** A node keeps obeying its snapshot; without one it takes none whose manifest is older than this. */
export const freshManifestMs = 15 * 60_000;

/** Whether a node that holds `held` may take over a correctly signed `next`. Ordered rules; the first that fits decides. */
export function judgeManifest(
  next: Manifest,
  held: Manifest | undefined,
  node: { readonly fleetUid: string; readonly nowMs: number },
): ManifestJudgement {
  const refuse = (
    reason: Extract<ManifestJudgement, { verdict: 'Refuse' }>['reason'],
    message: string,
  ): ManifestJudgement => ({
    verdict: 'Refuse',
    reason,
    message,
  });
  if (next.fleetUid !== node.fleetUid) return refuse('WrongFleet', `manifest is for fleet ${next.fleetUid}`);
  // Generations are a fleet's own: those of one that was deleted say nothing about the one created in its place.
  const current = held?.fleetUid === next.fleetUid ? held : undefined;
  if (current === undefined)
    return node.nowMs - next.issuedAt > freshManifestMs
      ? refuse(
          'TooOld',
          `manifest was issued ${Math.round((node.nowMs - next.issuedAt) / 60_000)} min ago; is the operator running?`,
        )
      : { verdict: 'Adopt' };
  if (next.generation < current.generation)
    return refuse('OlderGeneration', `generation ${next.generation} is older than ${current.generation}`);
  if (next.generation > current.generation) return { verdict: 'Adopt' };
  if (!sameShards(next.shards, current.shards))
    return refuse('GenerationReused', `generation ${next.generation} came with other content`);
  return { verdict: 'Renewed' };
}

/** Compared by name: the order in which an operator happened to write them says nothing. */
function sameShards(a: Manifest['shards'], b: Manifest['shards']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name]?.digest === b[name]?.digest);
}

function derive({ fleetUid, name, key }: ShardContext): { encryption: Buffer; nonceKey: Buffer } {
  const okm = Buffer.from(hkdfSync('sha256', key.key, fleetUid, `relayfleet/shard/v1/${name}`, 64)); // RFC 5869
  return { encryption: okm.subarray(0, 32), nonceKey: okm.subarray(32) };
}

function associatedData({ fleetUid, name, key }: ShardContext): Buffer {
  return Buffer.from(`relayfleet/shard/v1|${fleetUid}|${name}|${key.id}`);
}
