// Looking into the queue for people and tools: which entries there are, what one holds, what happened to a mail.
// Reads only, over subjects and single messages; makes no consumer, so nothing it does can disturb a delivery.
import { decodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import { decodeEvents, type MailEvent } from '@relayfleet/contract/event.ts';
import { mailIdTime } from '@relayfleet/contract/mail-id.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { OrderFilter } from '@relayfleet/contract/order.ts';
import {
  deferredFilter,
  dueMinuteOf,
  entryFilter,
  filters,
  parseEntrySubject,
  streams,
  unnamedDomain,
  type EntryTree,
  type KnownKey,
  type StreamName,
} from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { inTurns } from './in-turns.ts';
import { deadLetterHeaders } from './mail-queue.ts';
import { manager, readAll, readLast } from './read.ts';

/** ready: never tried. retry: due again. deferred: waiting for its time. dead: given up by the machinery. */
export const entryStates = ['ready', 'retry', 'deferred', 'dead'] as const;
export type EntryState = (typeof entryStates)[number];

export type EntryFilter = Omit<OrderFilter, 'platform'> & {
  /** Default: all. */
  readonly states?: readonly EntryState[];
  /** Both, or one of them for every platform so called or every one in that namespace. */
  readonly platform?: Partial<ObjectRef> | undefined;
};

/** What the subject alone tells. `dueAt` is the start of the minute in which a deferred entry comes back. */
export type EntryListing = {
  readonly state: EntryState;
  readonly subject: string;
  readonly key: KnownKey;
  readonly dueAt?: number;
};

export type ShownEntry = {
  readonly state: EntryState;
  readonly subject: string;
  readonly storedAt: number;
  /** Bytes of the entry as stored, envelope and inline body. */
  readonly size: number;
  readonly content:
    { readonly ok: true; readonly envelope: Envelope } | { readonly ok: false; readonly problem: string };
  /** Why it lies among the dead letters. */
  readonly buriedBecause?: string;
};

const readsAtOnce = 16;

/**
 * What is asked to find every entry. Waiting and due are one question, as entries go round between the two: asked one after the
 * other, one on its way could be in neither answer.
 */
const questions: readonly {
  readonly stream: StreamName;
  readonly tree: EntryTree | 'any';
  readonly holds: readonly EntryState[];
}[] = [
  { stream: streams.mail, tree: 'mq', holds: ['ready'] },
  { stream: streams.deferred, tree: 'any', holds: ['retry', 'deferred'] },
  { stream: streams.dead, tree: 'dead', holds: ['dead'] },
];

const places: Readonly<Record<EntryState, { readonly tree: EntryTree; readonly stream: StreamName }>> = {
  ready: { tree: 'mq', stream: streams.mail },
  retry: { tree: 'rt', stream: streams.deferred },
  deferred: { tree: 'df', stream: streams.deferred },
  dead: { tree: 'dead', stream: streams.dead },
};
const stateOfTree: Readonly<Record<EntryTree, EntryState>> = { mq: 'ready', rt: 'retry', df: 'deferred', dead: 'dead' };

/**
 * Entries matching the filter, oldest mail first. Where a subject does not tell what the filter asks for, the entry itself is read.
 * Rejects when NATS does not answer.
 */
export async function listEntries(nats: Nats, filter: EntryFilter): Promise<readonly EntryListing[]> {
  const states = filter.states ?? entryStates;
  const subjects = new Set<string>();
  for (const { stream, tree, holds } of questions)
    if (holds.some((state) => states.includes(state)))
      for (const subject of await subjectsIn(nats, stream, subjectFilters(tree, filter))) subjects.add(subject);
  const listed = [...subjects].flatMap((subject): EntryListing[] => {
    const parsed = parseEntrySubject(subject);
    if (parsed === undefined || !states.includes(stateOfTree[parsed.state])) return [];
    const { state, key } = parsed;
    return [{ state: stateOfTree[state], subject, key, ...optional('dueAt', dueMinuteOf(subject)) }];
  });
  const answers = await inTurns(listed, readsAtOnce, async (listing) => {
    const says = matches(filter, listing.key);
    if (says !== undefined) return says ? listing : undefined;
    const shown = await showEntry(nats, listing.subject);
    if (shown?.content.ok !== true) return undefined;
    const { lane, domain } = shown.content.envelope;
    const key = { ...listing.key, lane, domain };
    return matches(filter, key) === true ? { ...listing, key } : undefined;
  });
  return answers.filter((listing) => listing !== undefined).sort((a, b) => (a.key.id < b.key.id ? -1 : 1));
}

async function subjectsIn(nats: Nats, stream: StreamName, wanted: readonly string[]): Promise<readonly string[]> {
  const { streams: api } = await manager(nats);
  const found: string[] = [];
  for (const subjects_filter of wanted) {
    const { state } = await nats.whileConnected(api.info(stream, { subjects_filter }));
    found.push(...Object.keys(state.subjects ?? {}));
  }
  return found;
}

function subjectFilters(tree: EntryTree | 'any', filter: EntryFilter): readonly string[] {
  const { platform, domain, destination, id } = filter;
  const { namespace, name } = platform ?? {};
  const whole = namespace === undefined || name === undefined ? undefined : { namespace, name };
  const owners = domain === undefined || tree === 'dead' ? [undefined] : [domain, unnamedDomain];
  return owners.map((owner) => {
    const known = {
      ...optional('platform', whole),
      ...optional('domain', owner),
      ...optional('destination', destination),
      ...optional('id', id),
    };
    return tree === 'any' ? deferredFilter(known) : entryFilter(tree, known);
  });
}

/** Undefined: the key does not tell. */
function matches(filter: EntryFilter, key: KnownKey): boolean | undefined {
  const { platform, destination, id, acceptedBefore } = filter;
  const agrees = <T>(wanted: T | undefined, is: T) => wanted === undefined || wanted === is;
  if (!agrees(platform?.namespace, key.platform.namespace) || !agrees(platform?.name, key.platform.name)) return false;
  if (!agrees(destination, key.destination) || !agrees(id, key.id)) return false;
  if (acceptedBefore !== undefined && mailIdTime(key.id) >= acceptedBefore) return false;
  for (const name of ['lane', 'domain'] as const) {
    if (filter[name] === undefined) continue;
    if (key[name] === undefined) return undefined;
    if (key[name] !== filter[name]) return false;
  }
  return true;
}

/** One entry by its subject; undefined when there is none. Rejects when NATS does not answer. */
export async function showEntry(nats: Nats, subject: string): Promise<ShownEntry | undefined> {
  const parsed = parseEntrySubject(subject);
  if (parsed === undefined) return undefined;
  const state = stateOfTree[parsed.state];
  const stored = await readLast(nats, places[state].stream, subject);
  if (stored === undefined) return undefined;
  const entry = decodeEntry(stored.data);
  const buriedBecause = stored.header.get(deadLetterHeaders.reason);
  return {
    state,
    subject,
    storedAt: stored.time.getTime(),
    size: stored.data.length,
    content: entry.ok ? { ok: true, envelope: entry.value.envelope } : { ok: false, problem: entry.problem },
    ...optional('buriedBecause', buriedBecause === '' ? undefined : buriedBecause),
  };
}

/** All events kept of one mail, oldest first; what cannot be read is left out. Rejects when NATS does not answer. */
export async function eventsOf(nats: Nats, id: string): Promise<readonly MailEvent[]> {
  // The id says when the mail came: nothing of it can be older, clocks of a minute's difference included.
  const since = new Date(mailIdTime(id) - 60_000);
  const stored = await readAll(nats, streams.events, { since, subject: filters.eventsOf(id) });
  return stored
    .map(({ data }) => decodeEvents(data))
    .flatMap((events) => (events.ok ? events.value : []))
    .sort((a, b) => a.at - b.at);
}

/** `{name: value}`, or nothing where there is no value. */
function optional<N extends string, V>(name: N, value: V | undefined): { readonly [K in N]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [K in N]: V });
}
