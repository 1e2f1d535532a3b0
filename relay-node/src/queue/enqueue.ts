// Makes an accepted mail durable: a stored body first where it is large or shared, then all its entries in one commit.
// Answers within the deadline. Refuses to know SMTP: what a failure means to the client is decided by accept.ts.
import type { Commit, MailQueue, StoredBody } from '@relayfleet/jetstream/mail-queue.ts';
import { isInlined, toEnvelopes, type AcceptedMail, type Destination } from './entries.ts';

export type Storing = {
  readonly queue: Pick<MailQueue, 'commit' | 'putBody'>;
  readonly now: () => number;
  /** Milliseconds, for everything together. */
  readonly deadlineMs: number;
};

/** A commit is given this long even when storing the body took nearly all the time there was. */
const leastCommitMs = 1_000;

export async function enqueue(
  { queue, now, deadlineMs }: Storing,
  mail: AcceptedMail,
  destinations: readonly Destination[],
  message: Uint8Array,
): Promise<Commit> {
  if (isInlined(destinations, message.length)) {
    const envelopes = toEnvelopes(mail, destinations, { kind: 'inline', size: message.length });
    return queue.commit(
      envelopes.map((envelope) => ({ envelope, body: message })),
      deadlineMs,
    );
  }
  return enqueueStored({ queue, now, deadlineMs }, mail, destinations, (ms) => queue.putBody(mail.id, message, ms));
}

/** The same for a body that is stored apart, by `store` within the time it is given. */
export async function enqueueStored(
  { queue, now, deadlineMs }: Storing,
  mail: AcceptedMail,
  destinations: readonly Destination[],
  store: (deadlineMs: number) => Promise<StoredBody>,
): Promise<Commit> {
  const started = now();
  const body = await store(deadlineMs);
  if (!body.ok) return body;
  const left = Math.max(deadlineMs - (now() - started), leastCommitMs);
  return queue.commit(
    toEnvelopes(mail, destinations, body.ref).map((envelope) => ({ envelope })),
    left,
  );
}
