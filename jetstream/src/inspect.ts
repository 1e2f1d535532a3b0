// Looking into the queue for people and tools: which entries there are, what one holds, what happened to a mail.
// Reads only, over subjects and single messages; makes no consumer, so nothing it does can disturb a delivery.
import { decodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import { decodeEvents, type MailEvent } from '@relayfleet/contract/event.ts';
import { mailIdTime } from '@relayfleet/contract/mail-id.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import {
  dueMinuteOf,
  entryFilter,
  filters,
  parseEntrySubject,
  streams,
  type EntryTree,
  type KnownKey,
  type StreamName,
} from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { deadLetterHeaders } from './mail-queue.ts';
import { manager, readLast, readMany } from './read.ts';

/** ready: never tried. retry: due again. deferred: waiting for its time. dead: given up by the machinery. */
export const entryStates = ['ready', 'retry', 'deferred', 'dead'] as const;
export type EntryState = (typeof entryStates)[number];

export type EntryFilter = {
  /** Default: all. */
  readonly states?: readonly EntryState[];
  readonly platform?: ObjectRef;
  readonly destination?: string;
  readonly id?: string;
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

const places: Readonly<Record<EntryState, { readonly tree: EntryTree; readonly stream: StreamName }>> = {
  ready: { tree: 'mq', stream: streams.mail },
  retry: { tree: 'rt', stream: streams.deferred },
  deferred: { tree: 'df', stream: streams.deferred },
  dead: { tree: 'dead', stream: streams.dead },
};
const stateOfTree: Readonly<Record<EntryTree, EntryState>> = { mq: 'ready', rt: 'retry', df: 'deferred', dead: 'dead' };

/** Entries matching the filter, oldest mail first, at most `limit`. Rejects when NATS does not answer. */
export async function listEntries(nats: Nats, filter: EntryFilter, limit = 10_000): Promise<readonly EntryListing[]> {
  const { streams: api } = await manager(nats);
  const listings: EntryListing[] = [];
  for (const state of filter.states ?? entryStates) {
    const { tree, stream } = places[state];
    const { state: found } = await api.info(stream, { subjects_filter: entryFilter(tree, filter) });
    for (const subject of Object.keys(found.subjects ?? {})) {
      const parsed = parseEntrySubject(subject);
      if (parsed) listings.push({ state, subject, key: parsed.key, ...optional('dueAt', dueMinuteOf(subject)) });
    }
  }
  return listings.sort((a, b) => (a.key.id < b.key.id ? -1 : 1)).slice(0, limit);
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
  const start_time = new Date(mailIdTime(id) - 60_000);
  const query = { start_time, batch: 1_000, next_by_subj: filters.eventsOf(id) };
  const stored = await readMany(nats, streams.events, query);
  return stored
    .map(({ data }) => decodeEvents(data))
    .flatMap((events) => (events.ok ? events.value : []))
    .sort((a, b) => a.at - b.at);
}

/** `{name: value}`, or nothing where there is no value. */
function optional<N extends string, V>(name: N, value: V | undefined): { readonly [K in N]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [K in N]: V });
}
