// The record of what happened to mails: appended durably, and read back by whoever gets an entry a second time.
// Holds no addresses. Events of one mail are not one commit: each says by itself what it says.
import { decodeEvent, encodeEvent, type AttemptedEvent, type MailEvent } from '@relayfleet/contract/event.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { eventSubject, streams } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { openGroupCommit } from './group-commit.ts';
import { insist, type Commit, type Message } from './publish.ts';
import { readLast } from './read.ts';

export type EventLog = {
  /**
   * Resolves when all are durable. Rejects when NATS did not confirm them within `deadlineMs` (default 30 s); appending the same
   * events again is harmless.
   */
  append(events: readonly MailEvent[], deadlineMs?: number): Promise<void>;
  /** The last attempt recorded for an entry. Rejects when NATS does not answer: not knowing is not "none". */
  lastAttempted(platform: ObjectRef, id: string, k: number): Promise<AttemptedEvent | undefined>;
  /** Waits for the appends under way. */
  close(): Promise<void>;
};

const appendDeadlineMs = 30_000;
const tryMs = 5_000;

export function openEventLog(nats: Nats): EventLog {
  const group = openGroupCommit(nats);
  const underWay = new Set<Promise<unknown>>();

  const storeOne = (event: MailEvent, deadlineMs: number): Promise<Commit> => {
    const message = toMessage(event);
    return insist(nats, { timeoutMs: tryMs, deadlineMs }, (timeoutMs) => group.store(message, timeoutMs));
  };
  return {
    append: async (events, deadlineMs = appendDeadlineMs) => {
      const all = Promise.all(events.map((event) => storeOne(event, deadlineMs)));
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
      const event = decodeEvent(stored.data);
      if (!event.ok) throw new Error(`the recorded attempt of ${id}.${k} cannot be read: ${event.problem}`);
      return event.value.type === 'attempted' ? event.value : undefined;
    },
    close: async () => void (await Promise.allSettled(underWay)),
  };
}

function toMessage(event: MailEvent): Message {
  const { platform, id, k, type, at } = event;
  // The time tells two attempts with one number apart: an entry held back by a suspension keeps its attempt number.
  return {
    subject: eventSubject(platform, id, k, type),
    payload: encodeEvent(event),
    messageId: `${id}.${k}.${type}.${at}`,
  };
}
