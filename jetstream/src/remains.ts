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
import type { Nats } from './connect.ts';
import { manager, readLast, readMany } from './read.ts';

/** Subjects that one question may name: the server's limit is 1024. */
const mostSubjects = 1_000;

/** The last attempt on record of each entry that has one, by `id.k`. Rejects when NATS does not answer. */
export async function lastAttempts(
  nats: Nats,
  keys: readonly Pick<KnownKey, 'platform' | 'id' | 'k'>[],
): Promise<ReadonlyMap<string, AttemptedEvent>> {
  const found = new Map<string, AttemptedEvent>();
  const subjects = keys.map(({ platform, id, k }) => eventSubject(platform, id, k, 'attempted'));
  for (let from = 0; from < subjects.length; from += mostSubjects) {
    const multi_last = subjects.slice(from, from + mostSubjects);
    for (const { data } of await readMany(nats, streams.events, { multi_last })) {
      const events = decodeEvents(data);
      const attempted = events.ok ? events.value.find((event) => event.type === 'attempted') : undefined;
      if (attempted !== undefined) found.set(`${attempted.id}.${attempted.k}`, attempted);
    }
  }
  return found;
}

/** Which of these mails have any event. At most 1,000. Rejects when NATS does not answer. */
export async function withEvents(nats: Nats, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const multi_last = ids.slice(0, mostSubjects).map(filters.eventsOf);
  const stored = await readMany(nats, streams.events, { multi_last });
  return new Set(stored.map(({ subject }) => subject.split('.')[2] ?? ''));
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
