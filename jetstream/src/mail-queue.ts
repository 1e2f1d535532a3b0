// The queue as a relay node uses it: commit, body, defer, bury, take. Every write is answered, in time, by what the server
// has made durable. Refuses to know what a mail is for; subjects and settings are the contract's.
import { nuid } from '@nats-io/transport-node';
import { encodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import { wokenHeader } from '@relayfleet/contract/order.ts';
import { encodeSetback, setbackHeader, type Setback } from '@relayfleet/contract/setback.ts';
import {
  againSubjects,
  deadSubject,
  deferredSubject,
  mailSubject,
  retrySubject,
  type ConsumerKey,
} from '@relayfleet/contract/subjects.ts';
import { findBody, readBody, readFirst, type BodyEnd } from './body-reader.ts';
import { openBodyWriter, type BodyWriter, type ChunkedBody, type StoredBody } from './body-writer.ts';
import type { Nats } from './connect.ts';
import { openGroupCommit } from './group-commit.ts';
import { insist, publishBatch, publishOne, type Commit, type Message } from './publish.ts';
import { takeEntries, type Taken, type TakeOptions } from './take.ts';

export type { BodyEnd } from './body-reader.ts';
export type { BodyWriter, ChunkedBody, StoredBody } from './body-writer.ts';
export type { Commit, Refusal } from './publish.ts';
export type { Taken, TakeOptions } from './take.ts';

/** One destination's share of a mail; `body` only where the envelope says that it is inline. */
export type Entry = { readonly envelope: Envelope; readonly body?: Uint8Array };

export type MailQueueOptions = {
  /** How long one try may take before it is repeated with the same message id. */
  readonly timeoutMs: number;
};

export type DeferOptions = {
  readonly deadlineMs?: number;
  /** It was brought forward before its time, and is not to wait for it when it comes again. */
  readonly woken?: boolean;
  /** What kept it from being worked on; it then waits beside its schedule for the next attempt, should there be one. */
  readonly setback?: Setback | undefined;
};

export type MailQueue = {
  /**
   * Stores all entries of one mail or none, durably. Answers within `deadlineMs` (a duration), whatever NATS does. After
   * `unavailable` the mail may still have been stored: nobody could tell in time.
   */
  commit(entries: readonly Entry[], deadlineMs: number): Promise<Commit>;
  /** Stores a body in chunks; the returned reference goes into the envelope. Default deadline 60 s. */
  putBody(id: string, body: Uint8Array, deadlineMs?: number): Promise<StoredBody>;
  /**
   * The same for a body of one chunk that an earlier worker may have stored, and an entry of its own may refer to: what is there stays.
   * Rejects when NATS does not answer.
   */
  putBodyOnce(id: string, body: Uint8Array): Promise<StoredBody>;
  /** The same for a body that is still arriving; each chunk may take `chunkMs` to be durable. */
  openBody(id: string, chunkMs: number): BodyWriter;
  /** A stored body, read as it is asked for. Rejects when NATS does not answer for a while. */
  readBody(envelope: Stored): AsyncGenerator<Buffer, BodyEnd>;
  /**
   * A body's first chunk, the header section in it: all of it where it is inline or of one chunk. Undefined when it is lost or not
   * what was stored. Rejects when NATS does not answer.
   */
  readFirst(envelope: Envelope, inline: Uint8Array): Promise<Buffer | undefined>;
  /** Lets the envelope reappear on its retry subject at `atMs` (epoch). Its body must be in chunks. Default deadline 10 s. */
  defer(envelope: Envelope, atMs: number, options?: DeferOptions): Promise<Commit>;
  /** Lets an entry come again at `atMs` (epoch) byte for byte, for whoever can read it. */
  postpone(taken: Postponed, atMs: number): Promise<Commit>;
  /** Moves an entry nobody can work on to the dead letters; `raw` is kept as it is. */
  bury(envelope: Envelope | undefined, raw: Uint8Array, subject: string, reason: string): Promise<Commit>;
  /** Entries for this node, for ever: survives restarts of NATS and of the consumer. Ends when the signal aborts. */
  take(consumer: ConsumerKey, options: TakeOptions): AsyncIterable<Taken>;
};

type Postponed = Pick<Taken, 'subject' | 'data' | 'woken' | 'setback'>;

/** A mail whose body is in the body stream. */
type Stored = { readonly id: string; readonly body: ChunkedBody };

const bodyDeadlineMs = 60_000;
/** A chunk is tried this often. A peer in the middle of a message waits meanwhile: RFC 5321 §4.5.3.2.7 has it wait for 5 min. */
const chunkTries = 4;
const deferDeadlineMs = 10_000;

/** Headers of a dead letter, so that the entry itself stays as it was. */
export const deadLetterHeaders = { reason: 'Relayfleet-Buried-Because', from: 'Relayfleet-Buried-From' } as const;

export function openMailQueue(nats: Nats, { timeoutMs }: MailQueueOptions): MailQueue {
  const [mail, deferrals] = [openGroupCommit(nats), openGroupCommit(nats)];
  const storeOne = (message: Message, deadlineMs: number) =>
    insist(nats, { timeoutMs, deadlineMs }, (ms) => publishOne(nats, message, ms));
  const putBody: MailQueue['putBody'] = async (id, body, deadlineMs = bodyDeadlineMs) => {
    const end = performance.now() + deadlineMs;
    const left = () => end - performance.now();
    const writer = openBodyWriter(nats, id, { timeoutMs, chunkMs: left });
    await writer.write(body);
    return writer.end(left());
  };

  return {
    commit: (entries, deadlineMs) => {
      const messages = entries.map(entryMessage);
      const [only, ...others] = messages;
      return insist(nats, { timeoutMs, deadlineMs }, (ms) =>
        only !== undefined && others.length === 0 ? mail.store(only, ms) : publishBatch(nats, messages, ms),
      );
    },
    putBody,
    putBodyOnce: async (id, body) => {
      const ref = await findBody(nats, id);
      return ref === undefined ? putBody(id, body) : { ok: true, ref };
    },
    openBody: (id, chunkMs) => openBodyWriter(nats, id, { timeoutMs, chunkMs: () => chunkMs }),
    readBody: ({ id, body }) => readBody(nats, id, { ref: body, chunkMs: chunkTries * timeoutMs }),
    readFirst: async ({ id, body }, inline) =>
      body.kind === 'inline'
        ? Buffer.from(inline.buffer, inline.byteOffset, inline.byteLength)
        : readFirst(nats, id, { ref: body, chunkMs: 0 }),
    defer: async (envelope, atMs, { deadlineMs = deferDeadlineMs, ...options } = {}) => {
      const message = deferral(envelope, atMs, options);
      return insist(nats, { timeoutMs, deadlineMs }, (ms) => deferrals.store(message, ms));
    },
    postpone: async ({ subject, data, ...headers }, atMs) => {
      const message = schedule(againSubjects(subject, atMs), data, { atMs, ...headers });
      return insist(nats, { timeoutMs, deadlineMs: deferDeadlineMs }, (ms) => deferrals.store(message, ms));
    },
    bury: (envelope, raw, subject, reason) => storeOne(deadLetter({ envelope, raw, subject, reason }), deferDeadlineMs),
    take: (consumer, options) => takeEntries(nats, consumer, options),
  };
}

function entryMessage({ envelope, body }: Entry): Message {
  return {
    subject: mailSubject(envelope),
    payload: encodeEntry(envelope, body),
    messageId: `${envelope.id}.${envelope.k}`,
  };
}

/** Its subject is a function of entry and due minute, so a worker that repeats a deferral replaces the schedule. */
function deferral(envelope: Envelope, atMs: number, options: Pick<DeferOptions, 'woken' | 'setback'>): Message {
  if (envelope.body.kind === 'inline')
    throw new Error('a deferred entry cannot carry its body: store it in chunks first');
  const reappears = retrySubject(envelope);
  const { setback } = options;
  const waits = setback === undefined ? deferredSubject(envelope, envelope.due) : againSubjects(reappears, atMs).waits;
  return schedule({ waits, reappears }, encodeEntry(envelope), { atMs, ...options });
}

type When = { readonly atMs: number; readonly woken?: boolean; readonly setback?: Setback | undefined };

/**
 * A scheduled message (nats-architecture ADR-51). The message id is new for each call: it only guards the tries of this one, since an
 * entry that is held or set back is deferred again with the same attempt number, and must not be taken for a repetition.
 */
function schedule(
  { waits, reappears }: ReturnType<typeof againSubjects>,
  payload: Uint8Array,
  { atMs, woken = false, setback }: When,
): Message {
  return {
    subject: waits,
    payload,
    messageId: nuid.next(),
    headers: {
      'Nats-Schedule': `@at ${new Date(atMs).toISOString()}`,
      'Nats-Schedule-Target': reappears,
      ...(woken && { [wokenHeader]: 'put-back' }),
      ...(setback && { [setbackHeader]: encodeSetback(setback) }),
    },
  };
}

type Burial = { envelope: Envelope | undefined; raw: Uint8Array; subject: string; reason: string };

function deadLetter({ envelope, raw, subject, reason }: Burial): Message {
  // An entry that cannot be read keeps the last tokens of the subject it came on: destination, platform, id, k.
  const tail = subject.split('.').slice(-4).join('.');
  return {
    subject: envelope === undefined ? `dead.${tail}` : deadSubject(envelope),
    payload: raw,
    messageId: `dead.${tail}`,
    headers: { [deadLetterHeaders.reason]: oneLine(reason), [deadLetterHeaders.from]: subject },
  };
}

/** A header value may hold no line break. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').slice(0, 500);
}
