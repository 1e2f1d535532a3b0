// What is left of mails besides their entries: the last recorded attempts, stored bodies, how long events are kept; and the removal
// of a dead letter. For people and tools. Decides nothing.
import { decodeEvents, type AttemptedEvent } from '@relayfleet/contract/event.ts';
import {
  eventSubject,
  filters,
  parseBodySubject,
  parseEntrySubject,
  streams,
  type KnownKey,
} from '@relayfleet/contract/subjects.ts';
import type { StoredMsg } from '@nats-io/jetstream';
import type { Nats } from './connect.ts';
import { manager, readLast, readMany } from './read.ts';

/** Messages one question may be answered with: the server's limit is 1024. */
const mostAnswers = 1_000;
/** Of an entry: accepted, attempted, settled. */
const subjectsEach = 3;

/** The last attempt on record of each entry that has one, by `id.k`. Rejects when NATS does not answer. */
export async function lastAttempts(
  nats: Nats,
  keys: readonly Pick<KnownKey, 'platform' | 'id' | 'k'>[],
): Promise<ReadonlyMap<string, AttemptedEvent>> {
  const found = new Map<string, AttemptedEvent>();
  const subjects = keys.map(({ platform, id, k }) => eventSubject(platform, id, k, 'attempted'));
  for (const { data } of await readLastOf(nats, subjects, mostAnswers)) {
    const events = decodeEvents(data);
    const attempted = events.ok ? events.value.find((event) => event.type === 'attempted') : undefined;
    if (attempted !== undefined) found.set(`${attempted.id}.${attempted.k}`, attempted);
  }
  return found;
}

/** Which of these mails have any event. Rejects when NATS does not answer. */
export async function withEvents(nats: Nats, ids: readonly string[]): Promise<ReadonlySet<string>> {
  // Every mail has a first entry; of all its entries there may be more events than an answer holds.
  const stored = await readLastOf(nats, ids.map(filters.eventsOfFirst), Math.floor(mostAnswers / subjectsEach));
  return new Set(stored.map(({ subject }) => subject.split('.')[2] ?? ''));
}

/** The newest message of every subject that matches one of `wanted`, which are asked for so many at once. */
async function readLastOf(nats: Nats, wanted: readonly string[], atOnce: number): Promise<readonly StoredMsg[]> {
  const found: StoredMsg[] = [];
  for (let from = 0; from < wanted.length; from += atOnce)
    found.push(...(await readMany(nats, streams.events, { multi_last: wanted.slice(from, from + atOnce) })));
  return found;
}

/** Pieces of a mail's body in the body stream; 0 when it lies with its entry, or is gone. Rejects when NATS does not answer. */
export async function bodyChunks(nats: Nats, id: string): Promise<number> {
  const { streams: api } = await manager(nats);
  const { state } = await nats.whileConnected(api.info(streams.bodies, { subjects_filter: filters.bodyOf(id) }));
  // Beside its chunks lies a note of their places.
  return Object.keys(state.subjects ?? {}).filter((subject) => parseBodySubject(subject)?.sequences.length === 0)
    .length;
}

/** How long events are kept, in milliseconds. Rejects when NATS does not answer. */
export async function eventRetentionMs(nats: Nats): Promise<number> {
  const { config } = await nats.whileConnected((await manager(nats)).streams.info(streams.events));
  return config.max_age / 1_000_000;
}

/** Overwrites and removes a dead letter. False: there is none (any more). Rejects when NATS does not answer, or refuses it. */
export async function eraseDeadLetter(nats: Nats, subject: string): Promise<boolean> {
  if (parseEntrySubject(subject)?.state !== 'dead') return false;
  const stored = await readLast(nats, streams.dead, subject);
  return (
    stored !== undefined &&
    (await nats.whileConnected((await manager(nats)).streams.deleteMessage(streams.dead, stored.seq, true)))
  );
}
