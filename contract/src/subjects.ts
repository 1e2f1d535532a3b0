// Every NATS stream, subject, consumer and bucket by name. They are spelled nowhere else; their settings are in stream-settings.ts.
// Tokens: a subject token may hold no dot, star, `>` or space, so names go through `token`. Nothing here
// talks to a server.
import { lanes, type Lane } from './envelope.ts';
import type { ObjectRef } from './object-ref.ts';

export const streams = { mail: 'MQ', deferred: 'DEFER', bodies: 'BODY', dead: 'DEAD', events: 'EVT' } as const;
export type StreamName = (typeof streams)[keyof typeof streams];

export const buckets = { config: 'config', acknowledgements: 'ack', orders: 'orders' } as const;
export type BucketName = (typeof buckets)[keyof typeof buckets];

export const laneTokens = { transactional: 'tx', bulk: 'bulk' } as const satisfies Record<Lane, string>;

/** Pull consumers, one prefix filter each: lists of filters and a consumer per destination were measured to stall. */
export const consumers = {
  transactional: { stream: streams.mail, name: 'mq-tx', filter: 'mq.tx.>' },
  bulk: { stream: streams.mail, name: 'mq-bulk', filter: 'mq.bulk.>' },
  retry: { stream: streams.deferred, name: 'rt', filter: 'rt.>' },
} as const;
export type ConsumerKey = keyof typeof consumers;

/** An entry is redelivered this long after its node was last heard of; a worker extends it while it works. */
export const ackWaitMs = 30_000;
export const ackExtendMs = 10_000;
/** Publishes are deduplicated by message id for this long; it must exceed `ackWaitMs`. */
export const duplicateWindowMs = 120_000;

/** What a queue entry's subjects are made of. `destination` is a domain or a route's name, not yet a token. */
export type EntryKey = {
  readonly lane: Lane;
  /** Of the From header: whose mail it is. */
  readonly domain: string;
  readonly destination: string;
  readonly platform: ObjectRef;
  readonly id: string;
  readonly k: number;
};

/** What a subject tells of an entry: dead letters carry neither lane nor domain, entries of early builds no domain. */
export type KnownKey = Omit<EntryKey, 'lane' | 'domain'> & { readonly lane?: Lane; readonly domain?: string };

/** First token of an entry's subject: ready, due again, waiting for its time, dead. */
export type EntryTree = 'mq' | 'rt' | 'df' | 'dead';

/** One subject token for a name: `.` becomes `~`, which neither domains nor Kubernetes names can hold. */
export function token(name: string): string {
  return name.replaceAll('.', '~');
}

function untoken(text: string): string {
  return text.replaceAll('~', '.');
}

/** `namespace_name`: reversible, since neither part can hold an underscore. */
export function platformToken(platform: ObjectRef): string {
  return `${token(platform.namespace)}_${token(platform.name)}`;
}

export function parsePlatformToken(text: string): ObjectRef | undefined {
  const [namespace, name, ...rest] = untoken(text).split('_');
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

/** Ready mail: `mq.<lane>.<domain>.<destination>.<platform>.<id>.<k>`. */
export function mailSubject(key: EntryKey): string {
  return `mq.${laneTokens[key.lane]}.${token(key.domain)}.${tail(key)}`;
}

/**
 * Deferred mail: `df.<due minute>-<lane>.<domain>.…`. The minute is a function of the entry, so a repeated deferral replaces itself.
 * As many tokens as the retry subject has, so that one question to the stream finds a mail in either state: asked one after
 * the other, an entry on its way between them could be in neither answer.
 */
export function deferredSubject(key: EntryKey, dueMs: number): string {
  return `df.${Math.floor(dueMs / 60_000)}-${laneTokens[key.lane]}.${token(key.domain)}.${tail(key)}`;
}

/** Where a deferred entry reappears when it is due: `rt.<lane>.<domain>.…`, in the same stream as the schedule. */
export function retrySubject(key: EntryKey): string {
  return `rt.${laneTokens[key.lane]}.${token(key.domain)}.${tail(key)}`;
}

/**
 * For an entry that comes again as it is, by the subject it came on: where it waits, and where it reappears. Beside its schedule for the
 * next attempt, should there be one, and never in its place: the entry in hand may be an old copy.
 */
export function againSubjects(subject: string, atMs: number): { readonly waits: string; readonly reappears: string } {
  const [, lane, ...rest] = subject.split('.');
  const end = rest.join('.');
  return { waits: `df.${Math.floor(atMs / 60_000)}-${lane}-again.${end}`, reappears: `rt.${lane}.${end}` };
}

/** Dead letters: entries no node could work on. */
export function deadSubject(key: Omit<EntryKey, 'lane' | 'domain'>): string {
  return `dead.${tail(key)}`;
}

/** One chunk of a body: `b.<id>.<nnnn>`. */
export function bodySubject(id: string, chunk: number): string {
  return `b.${id}.${String(chunk).padStart(4, '0')}`;
}

/**
 * Where the chunks of a body lie: `b.<id>.at.<sequences>`, base 36 with `-` between. Stored beside them with nothing in it: who
 * may list subjects and read no mail can then have exactly these bytes overwritten.
 */
export function bodyPlacesSubject(id: string, sequences: readonly number[]): string {
  return `b.${id}.at.${sequences.map((sequence) => sequence.toString(36)).join('-')}`;
}

/** Mail id and, if the subject is one that says so, the places of its chunks; undefined for subjects that are no body's. */
export function parseBodySubject(subject: string): { id: string; sequences: readonly number[] } | undefined {
  const [tree, id, kind, places, ...rest] = subject.split('.');
  if (tree !== 'b' || !id || !kind || rest.length > 0 || (places !== undefined && kind !== 'at')) return undefined;
  const sequences = (places ?? '').split('-').filter((text) => /^[0-9a-z]+$/.test(text));
  return { id, sequences: sequences.map((text) => Number.parseInt(text, 36)) };
}

/** Events of one entry: `evt.<platform>.<id>.<k>.<type>`; the last `attempted` is what a redelivery consults. */
export function eventSubject(platform: ObjectRef, id: string, k: number, type: string): string {
  return `evt.${platformToken(platform)}.${id}.${k}.${type}`;
}

/** Filters for listing: every entry or event of one mail, whatever stands in the other tokens. */
export const filters = {
  mailOf: (id: string) => `mq.*.*.*.*.${id}.*`,
  deferredOf: (id: string) => `df.*.*.*.*.${id}.*`,
  retryOf: (id: string) => `rt.*.*.*.*.${id}.*`,
  deadOf: (id: string) => `dead.*.*.${id}.*`,
  bodyOf: (id: string) => `b.${id}.>`,
  eventsOf: (id: string) => `evt.*.${id}.*.*`,
  /** Of its first entry alone. */
  eventsOfFirst: (id: string) => `evt.*.${id}.0.*`,
} as const;

const tokensOf: Readonly<Record<EntryTree, number>> = { mq: 7, rt: 7, df: 7, dead: 5 };

/** Reads any entry subject (`mq`, `rt`, `df`, `dead`) back; undefined for other subjects. */
export function parseEntrySubject(subject: string): { state: EntryTree; key: KnownKey } | undefined {
  const tokens = subject.split('.');
  const state = (Object.keys(tokensOf) as EntryTree[]).find((tree) => tree === tokens[0]);
  if (state === undefined || tokens.length !== tokensOf[state]) return undefined;
  const [destination, platformText = '', id, k = ''] = tokens.slice(-4);
  const platform = parsePlatformToken(platformText);
  if (!destination || !platform || !id || !/^[0-9]+$/.test(k)) return undefined;
  const tail = { destination: untoken(destination), platform, id, k: Number(k) };
  return { state, key: state === 'dead' ? tail : { ...ownership(tokens), ...tail } };
}

/** What stands in the domain's place in subjects of early builds. */
export const unnamedDomain = '0';

/** Lane and domain of a subject of seven tokens. In early builds the domain's place held a 0, and schedules told no lane. */
function ownership([tree, when = '', domain = unnamedDomain]: readonly string[]): { lane?: Lane; domain?: string } {
  const word = tree === 'df' ? when.split('-')[1] : when;
  const lane = lanes.find((candidate) => laneTokens[candidate] === word);
  return { ...(lane && { lane }), ...(domain === unnamedDomain ? {} : { domain: untoken(domain) }) };
}

export type SubjectFilter = Partial<Pick<EntryKey, 'platform' | 'domain' | 'destination' | 'id'>>;

/**
 * Filter for the entries of one state that match what is given, whatever stands in the other tokens. Dead letters know no domain
 * and are all caught; what a subject cannot tell is left to whoever reads the entry.
 */
export function entryFilter(state: EntryTree, { platform, domain, destination, id }: SubjectFilter = {}): string {
  const owner = domain === undefined ? '*' : token(domain);
  const head = state === 'dead' ? 'dead' : `${state}.*.${owner}`;
  return `${head}.${destination ? token(destination) : '*'}.${platform ? platformToken(platform) : '*'}.${id ?? '*'}.*`;
}

/**
 * In the stream of deferrals: waiting or due, in one question. Asked one after the other, an entry on its way between them could be in
 * neither answer.
 */
export function deferredFilter(filter: SubjectFilter = {}): string {
  return entryFilter('df', filter).replace(/^df\b/, '*');
}

/** When a deferred entry's subject says it is due: the start of that minute, in milliseconds. */
export function dueMinuteOf(subject: string): number | undefined {
  const [tree, minute] = subject.split('.');
  return tree === 'df' && minute !== undefined ? Number.parseInt(minute, 10) * 60_000 : undefined;
}

/** A key-value bucket is a stream by convention (nats-architecture ADR-8), so that `nats kv` can read it. */
export function bucketStream(bucket: BucketName): string {
  return `KV_${bucket}`;
}

export function bucketSubject(bucket: BucketName, key: string): string {
  return `$KV.${bucket}.${key}`;
}

/** Where the server repeats a change of a bucket once it is stored: a reader needs no consumer that could die unnoticed. */
export const notices = {
  manifest: 'notice.config.manifest',
  acknowledgements: 'notice.ack.>',
  orders: 'notice.orders.>',
  /** Not the server's but a node's: a destination answers again whose retries had been put off. */
  answering: 'notice.answering',
} as const;

/** The bucket keys of the configuration: one signed manifest, and shards named by content so that readers never mix two. */
export const configKeys = {
  manifest: 'manifest',
  shard: (name: string, digest: string) => `shard.${name}.${digest.slice(0, 32)}`,
} as const;

function tail(key: Omit<EntryKey, 'lane' | 'domain'>): string {
  return `${token(key.destination)}.${platformToken(key.platform)}.${key.id}.${key.k}`;
}
