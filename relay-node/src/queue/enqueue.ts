// Makes an accepted mail durable: a stored body first where it is large or shared, then all its entries in one commit.
// Answers within the deadline. Refuses to know SMTP: what a failure means to the client is decided by accept.ts.
import type { Commit, MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
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
  const started = now();
  const body = await queue.putBody(mail.id, message, deadlineMs);
  if (!body.ok) return body;
  const left = Math.max(deadlineMs - (now() - started), leastCommitMs);
  return queue.commit(
    toEnvelopes(mail, destinations, body.ref).map((envelope) => ({ envelope })),
    left,
  );
}
