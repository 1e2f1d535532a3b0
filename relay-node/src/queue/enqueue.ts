// Makes an accepted mail durable: a stored body first where it is large or shared, then all its entries in one commit.
// Answers within the deadline. A stored body without an entry is swept in the end, so one whose commit comes too late is not committed.
// Refuses to know SMTP: what a failure means to the client is decided by accept.ts.
import { commitWithinMs } from '@relayfleet/contract/body-grace.ts';
import type { Commit, MailQueue, StoredBody } from '@relayfleet/jetstream/mail-queue.ts';
import { isInlined, toEnvelopes, type AcceptedMail, type Destination } from './entries.ts';

export type Storing = {
  readonly queue: Pick<MailQueue, 'commit' | 'putBody'>;
  readonly now: () => number;
  /** Milliseconds since the first of it may have been stored; that clock counts which says most. */
  readonly passed: () => number;
  /** Milliseconds, for everything together. */
  readonly deadlineMs: number;
};

/** `too-late`: this machine stood still meanwhile. The entry may have been stored all the same. */
export type Enqueued = Commit | { readonly ok: false; readonly reason: 'too-late' };

/** A commit is given this long even when storing the body took nearly all the time there was. */
const leastCommitMs = 1_000;

export async function enqueue(
  storing: Storing,
  mail: AcceptedMail,
  destinations: readonly Destination[],
  message: Uint8Array,
): Promise<Enqueued> {
  const { queue, deadlineMs } = storing;
  if (isInlined(destinations, message.length)) {
    const envelopes = toEnvelopes(mail, destinations, { kind: 'inline', size: message.length });
    return queue.commit(
      envelopes.map((envelope) => ({ envelope, body: message })),
      deadlineMs,
    );
  }
  return enqueueStored(storing, mail, destinations, (ms) => queue.putBody(mail.id, message, ms));
}

/** The same for a body that is stored apart, by `store` within the time it is given. */
export async function enqueueStored(
  { queue, now, passed, deadlineMs }: Storing,
  mail: AcceptedMail,
  destinations: readonly Destination[],
  store: (deadlineMs: number) => Promise<StoredBody>,
): Promise<Enqueued> {
  const started = now();
  const body = await store(deadlineMs);
  if (!body.ok) return body;
  const isTooLate = () => passed() > commitWithinMs;
  if (isTooLate()) return tooLate;
  const left = Math.max(deadlineMs - (now() - started), leastCommitMs);
  const committed = await queue.commit(
    toEnvelopes(mail, destinations, body.ref).map((envelope) => ({ envelope })),
    left,
  );
  // Once more: whoever stands still between the question and the write must not promise a mail whose body may be gone.
  return committed.ok && isTooLate() ? tooLate : committed;
}

const tooLate = { ok: false, reason: 'too-late' } as const;
