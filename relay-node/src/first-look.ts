// What is known of an entry as it comes: whether it can be read at all, and what an earlier worker recorded about it.
// Refuses to know what follows from that (deliver.ts) and what a record means (outcome/record.ts).
import { envelopeVersion } from '@relayfleet/contract/envelope.ts';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { isNewerThan } from '@relayfleet/contract/parse.ts';
import type { ConsumerKey } from '@relayfleet/contract/subjects.ts';
import type { EventLog } from '@relayfleet/jetstream/event-log.ts';
import type { Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { pauseForNewer } from './outcome/setback.ts';
import { bury, insist, type Job, type PutAwayDeps } from './put-away.ts';

/** What a newer node wrote waits for one; anything else unreadable is dead. */
export function unreadable(taken: Taken, problem: string, deps: PutAwayDeps): Promise<void> {
  return isNewerThan(envelopeVersion, taken.data) ? leaveToNewer(taken, deps) : bury({ taken }, problem, deps);
}

/** Newer nodes write entries and records we cannot read: such an entry comes again byte for byte, until one of them takes it. */
export async function leaveToNewer(taken: Taken, deps: PutAwayDeps): Promise<void> {
  const postpone = () => deps.queue.postpone(taken, deps.now() + pauseForNewer(taken.subject));
  if (!(await insist('deferral', postpone, deps))) return taken.release();
  await taken.done();
}

export type Earlier =
  | { readonly kind: 'known'; readonly last: AttemptedEvent | undefined }
  /** A newer node recorded it, and one of them is to go on. */
  | { readonly kind: 'newer' }
  /** Nobody answered before the end. */
  | { readonly kind: 'unknown' };

/** The last attempt on record, asked for only where there may be one: the first try of a fresh mail costs no question. */
export async function lastRecord(
  { taken, envelope }: Job,
  consumer: ConsumerKey,
  deps: PutAwayDeps & { readonly log: EventLog },
): Promise<Earlier> {
  const mayExist = taken.maybeSeen || consumer === 'retry' || envelope.kind === 'dsn';
  if (!mayExist) return { kind: 'known', last: undefined };
  const { platform, id, k } = envelope;
  const look = () => deps.log.lastAttempted(platform, id, k).then((last) => ({ ok: true as const, last }));
  const answer = await insist('attempt-read', look, deps);
  if (answer === undefined) return { kind: 'unknown' };
  return answer.last === 'newer' ? { kind: 'newer' } : { kind: 'known', last: answer.last };
}
