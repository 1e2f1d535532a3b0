// The record of what happened to mails: appended durably, and read back by whoever gets an entry a second time.
// Holds no addresses. Events of one entry that are appended together are one stored message, under the first one's type.
import {
  decodeEvents,
  encodeEvents,
  eventVersion,
  type AttemptedEvent,
  type MailEvent,
} from '@relayfleet/contract/event.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { isNewerThan } from '@relayfleet/contract/parse.ts';
import { eventSubject, streams } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { openGroupCommit } from './group-commit.ts';
import { insist, publishBatch, publishOne, type Commit, type Message } from './publish.ts';
import { readLast } from './read.ts';

export type EventLog = {
  /**
   * Resolves when all are durable. Rejects when NATS did not confirm them within `deadlineMs` (default 30 s); appending the same
   * events again is harmless.
   */
  append(events: readonly MailEvent[], deadlineMs?: number): Promise<void>;
  /**
   * For events nobody waits for: written within a quarter of a second, many under one sync. Lost if this process is killed before.
   * Failures are told to `onLost`.
   */
  note(event: MailEvent): void;
  /**
   * The last attempt recorded for an entry; `newer` where only a newer build can tell. Rejects when NATS does not answer: not knowing is
   * not "none"; and with a SyntaxError when what is recorded can be read by nobody.
   */
  lastAttempted(platform: ObjectRef, id: string, k: number): Promise<LastAttempt>;
  /** Waits for the appends under way. */
  close(): Promise<void>;
};

export type LastAttempt = AttemptedEvent | 'newer' | undefined;

const appendDeadlineMs = 30_000;
const tryMs = 5_000;
/** An atomic batch pays from some eight messages on (group-commit.ts); nobody waits for these, so they may gather. */
const noteMs = 250;
const mostNoted = 200;

export function openEventLog(nats: Nats, onLost: (events: number) => void = () => undefined): EventLog {
  const group = openGroupCommit(nats);
  const underWay = new Set<Promise<unknown>>();

  const storeOne = (events: readonly [MailEvent, ...MailEvent[]], deadlineMs: number): Promise<Commit> => {
    const message = toMessage(events);
    return insist(nats, { timeoutMs: tryMs, deadlineMs }, (timeoutMs) => group.store(message, timeoutMs));
  };
  const store = (messages: readonly Message[], timeoutMs: number) =>
    messages.length === 1 ? publishOne(nats, messages[0]!, timeoutMs) : publishBatch(nats, messages, timeoutMs);
  let noted: Message[] = [];
  let flushing: NodeJS.Timeout | undefined;
  const flush = async (): Promise<void> => {
    clearTimeout(flushing);
    flushing = undefined;
    const messages = noted;
    noted = [];
    const patience = { timeoutMs: tryMs, deadlineMs: appendDeadlineMs };
    const all = insist(nats, patience, (timeoutMs) => store(messages, timeoutMs)).then((result) => {
      if (!result.ok) onLost(messages.length);
    });
    underWay.add(all);
    await all.finally(() => underWay.delete(all));
  };

  return {
    note: (event) => {
      noted.push(toMessage([event]));
      if (noted.length >= mostNoted) void flush();
      else flushing ??= setTimeout(() => void flush(), noteMs);
    },
    append: async (events, deadlineMs = appendDeadlineMs) => {
      const all = Promise.all(byEntry(events).map((together) => storeOne(together, deadlineMs)));
      underWay.add(all);
      try {
        for (const result of await all)
          if (!result.ok) throw new Error(`events were not stored: ${result.reason}: ${result.detail}`);
      } finally {
        underWay.delete(all);
      }
    },
    lastAttempted: async (platform, id, k) => {
      const stored = await readLast(nats, streams.events, eventSubject(platform, id, k, 'attempted'));
      if (stored === undefined) return undefined;
      const events = decodeEvents(stored.data);
      if (!events.ok && isNewerThan(eventVersion, stored.data)) return 'newer';
      if (!events.ok) throw new SyntaxError(`the recorded attempt of ${id}.${k} cannot be read: ${events.problem}`);
      return events.value.find((event) => event.type === 'attempted');
    },
    close: async () => {
      if (noted.length > 0) void flush();
      await Promise.allSettled(underWay);
    },
  };
}

function byEntry(events: readonly MailEvent[]): readonly [MailEvent, ...MailEvent[]][] {
  const entries = new Map<string, [MailEvent, ...MailEvent[]]>();
  for (const event of events) {
    const entry = `${event.id}.${event.k}`;
    const together = entries.get(entry);
    if (together === undefined) entries.set(entry, [event]);
    else together.push(event);
  }
  return [...entries.values()];
}

function toMessage(events: readonly [MailEvent, ...MailEvent[]]): Message {
  const { platform, id, k, type, at } = events[0];
  // The time tells two attempts with one number apart: an entry held back by a suspension keeps its attempt number.
  return {
    subject: eventSubject(platform, id, k, type),
    payload: encodeEvents(events),
    messageId: `${id}.${k}.${type}.${at}`,
  };
}
