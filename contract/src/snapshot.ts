// The whole policy a relay node obeys: one fleet's settings, its domains with keys and routes, its platforms with credentials.
// The operator builds it from custom resources; a node knows nothing else about the cluster.
// Split into shards by name so that one edit moves a few kilobytes; sealing and signing are in seal.ts.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { lanes, type Envelope } from './envelope.ts';
import { objectRefSchema, refKey, type ObjectRef } from './object-ref.ts';
import { parseWith, type Parsed } from './parse.ts';

export const snapshotVersion = 1;

export const tlsModes = ['Opportunistic', 'Require', 'Verify'] as const;
/** TLS towards a next hop: use it if offered; demand it; demand it with a certificate that verifies for the host's name. */
export type TlsMode = (typeof tlsModes)[number];
export const tlsFloors = ['1.2', '1.3'] as const;

/** Why an owner stopped a domain or platform; null while it runs. The reason is for status and logs, never for clients. */
const suspensionSchema = z.object({ reason: z.string().max(256) }).nullable();

const smarthostSchema = z.object({
  host: z.string(),
  port: z.number().int(),
  /** Implicit: TLS from the first byte. The policy on certificates is `tls`. */
  implicitTls: z.boolean(),
  tls: z.enum(tlsModes),
  /** RFC 2782: lower is tried first, and within one priority at random by weight. Both absent: its place in the list. */
  priority: z.number().int().optional(),
  weight: z.number().int().optional(),
  /** PEM bundle to verify against instead of the system's roots. */
  ca: z.string().optional(),
  auth: z.object({ username: z.string(), password: z.string() }).optional(),
});
export type Smarthost = Readonly<z.infer<typeof smarthostSchema>>;

const routeSchema = z.object({
  name: z.string(),
  /** Recipient domains this route is for, `*.` for subdomains; empty is every domain. The first matching route is taken. */
  recipientDomains: z.array(z.string()),
  via: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('mx') }),
    z.object({ kind: z.literal('smarthosts'), hosts: z.array(smarthostSchema).min(1) }),
  ]),
});
export type Route = Readonly<z.infer<typeof routeSchema>>;

const signerSchema = z.object({
  selector: z.string(),
  algorithm: z.enum(['rsa-sha256', 'ed25519-sha256']), // RFC 8301 §3.1, RFC 8463 §3
  /** PKCS #8, PEM. */
  privateKey: z.string(),
});
export type SignerKey = Readonly<z.infer<typeof signerSchema>>;

const domainPolicySchema = z.object({
  ref: objectRefSchema,
  domain: z.string(),
  suspended: suspensionSchema,
  signers: z.array(signerSchema),
  tls: z.object({ mode: z.enum(tlsModes), floor: z.enum(tlsFloors) }),
  routes: z.array(routeSchema).min(1),
  /** Being deleted: it takes nothing new, and signs and routes what waits. */
  draining: z.literal(true).optional(),
});
export type DomainPolicy = Readonly<z.infer<typeof domainPolicySchema>>;

/** Waits after the 1st, 2nd, ... failed attempt, in milliseconds; the last one repeats. */
const delaysSchema = z.array(z.number().int().min(1)).min(1);

const secretHashSchema = z.discriminatedUnion('kind', [
  /** Passwords we made: 256 random bits, so one keyed hash suffices. HMAC-SHA256(salt, password), base64. */
  z.object({ kind: z.literal('hmac-sha256'), salt: z.string(), hash: z.string() }),
  /** Passwords people chose: scrypt (RFC 7914) with its cost. Base64. */
  z.object({
    kind: z.literal('scrypt'),
    salt: z.string(),
    hash: z.string(),
    n: z.number().int(),
    r: z.number().int(),
    p: z.number().int(),
  }),
]);
export type SecretHash = Readonly<z.infer<typeof secretHashSchema>>;

const platformPolicySchema = z.object({
  ref: objectRefSchema,
  username: z.string(),
  /** Several while a password is being replaced. */
  secrets: z.array(secretHashSchema),
  /** The Secret a chosen password came from; absent when it was made for the platform. Nodes have no use for it. */
  secretRef: objectRefSchema.optional(),
  suspended: suspensionSchema,
  lane: z.enum(lanes),
  /** Domains it is bound to, both sides agreeing, and the local parts it may use there (`*` is every one). */
  senders: z.array(z.object({ domain: z.string(), localParts: z.array(z.string()).min(1) })),
  /** What is not said is as the fleet has it. */
  retry: z.object({ maxAgeMs: z.number().int().optional(), delaysMs: delaysSchema.optional() }).optional(),
  /** It is deleted or bound no more, or its password is gone: nobody logs in, and its other settings count for what waits. */
  draining: z.literal(true).optional(),
});
export type PlatformPolicy = Readonly<z.infer<typeof platformPolicySchema>>;

const fleetPolicySchema = z.object({
  ref: objectRefSchema,
  uid: z.string(),
  /** Name given in EHLO and Received. */
  helloName: z.string(),
  suspended: suspensionSchema,
  tlsFloor: z.enum(tlsFloors),
  limits: z.object({
    maxMessageBytes: z.number().int(),
    maxRecipients: z.number().int(),
    maxConnections: z.number().int(),
    connectionsPerDestination: z.number().int(),
    /** Entries that may wait for another attempt before bulk mail is refused; absent: no bound. */
    maxDeferred: z.number().int().optional(),
  }),
  /** What the streams were sized by (`StreamSizing.storageBytes`); absent: not told. */
  storageBytes: z.number().int().optional(),
  /** `delaysMs` absent: the standard schedule. `lateMs`: when the sender of waiting mail is told; 0: never, absent: the standard. */
  retry: z.object({
    maxAgeMs: z.number().int(),
    delaysMs: delaysSchema.optional(),
    lateMs: z.number().int().min(0).optional(),
  }),
  /** CIDRs a next hop may lie in although they are not public unicast. */
  allowedPrivateNetworks: z.array(z.string()),
});
export type FleetPolicy = Readonly<z.infer<typeof fleetPolicySchema>>;

export type SnapshotContent = {
  readonly fleet: FleetPolicy;
  readonly domains: readonly DomainPolicy[];
  readonly platforms: readonly PlatformPolicy[];
};

/** What a node holds: immutable, swapped whole, indexed for the lookups of one SMTP session. */
export type Snapshot = {
  readonly generation: number;
  readonly fleet: FleetPolicy;
  readonly domains: ReadonlyMap<string, DomainPolicy>;
  /** By username. */
  readonly platforms: ReadonlyMap<string, PlatformPolicy>;
};

/** A platform's user name: reversible, since a namespace holds no dot. */
export function usernameOf({ namespace, name }: ObjectRef): string {
  return `${name}.${namespace}`;
}

/** The platform an entry is from; undefined when it is part of the fleet no more. */
export function platformOf({ platforms }: Pick<Snapshot, 'platforms'>, ref: ObjectRef): PlatformPolicy | undefined {
  return platforms.get(usernameOf(ref));
}

/**
 * What is in force of the RelayDomain an entry was accepted for; undefined when that is part of the fleet no more, whichever has its
 * domain by now: docs/decisions/0015-mail-belongs-to-its-relaydomain.md.
 */
export function domainPolicyOf(
  { domains }: Pick<Snapshot, 'domains'>,
  { domain, domainRef }: Pick<Envelope, 'domain' | 'domainRef'>,
): DomainPolicy | undefined {
  const policy = domains.get(domain);
  const isAnothers = policy && domainRef && refKey(domainRef) !== refKey(policy.ref);
  return isAnothers ? undefined : policy;
}

const shardSchema = z.object({
  v: z.literal(snapshotVersion),
  fleet: fleetPolicySchema.optional(),
  domains: z.array(domainPolicySchema).optional(),
  platforms: z.array(platformPolicySchema).optional(),
});

const shardCount = 256; // about 88 KB a shard at 10,000 domains, far below NATS's message limit

/** Content -> shard name -> bytes. The same content gives the same bytes: entries are sorted within a shard. */
export function toShards(content: SnapshotContent): ReadonlyMap<string, Uint8Array> {
  const shards = new Map<string, { domains: DomainPolicy[]; platforms: PlatformPolicy[] }>();
  const at = (name: string) => shards.get(name) ?? shards.set(name, { domains: [], platforms: [] }).get(name)!;
  for (const domain of sorted(content.domains, (d) => d.domain))
    at(`d${shardNumber(domain.domain)}`).domains.push(domain);
  for (const platform of sorted(content.platforms, (p) => p.username))
    at(`p${shardNumber(platform.username)}`).platforms.push(platform);
  const encoded = new Map<string, Uint8Array>([['fleet', bytes({ v: snapshotVersion, fleet: content.fleet })]]);
  for (const [name, { domains, platforms }] of shards)
    encoded.set(name, bytes({ v: snapshotVersion, ...(domains.length > 0 ? { domains } : { platforms }) }));
  return encoded;
}

/** Shards -> snapshot. The problem names the shard and the field; nothing is taken over in part. */
export function fromShards(generation: number, shards: ReadonlyMap<string, Uint8Array>): Parsed<Snapshot> {
  let fleet: FleetPolicy | undefined;
  const domains = new Map<string, DomainPolicy>();
  const platforms = new Map<string, PlatformPolicy>();
  for (const [name, plain] of shards) {
    const shard = parseShard(plain);
    if (!shard.ok) return { ok: false, problem: `shard ${name}: ${shard.problem}` };
    fleet = shard.value.fleet ?? fleet;
    for (const domain of shard.value.domains ?? []) domains.set(domain.domain, domain);
    for (const platform of shard.value.platforms ?? []) platforms.set(platform.username, platform);
  }
  if (fleet === undefined) return { ok: false, problem: 'shard fleet: missing' };
  return { ok: true, value: { generation, fleet, domains, platforms } };
}

function parseShard(plain: Uint8Array): Parsed<z.infer<typeof shardSchema>> {
  try {
    return parseWith(shardSchema, JSON.parse(Buffer.from(plain).toString()));
  } catch {
    return { ok: false, problem: 'document: not JSON' };
  }
}

function shardNumber(key: string): number {
  return createHash('sha256').update(key).digest().readUInt16BE(0) % shardCount;
}

function sorted<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function bytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
