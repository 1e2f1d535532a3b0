// What is known of an entry as it comes: whether it can be read at all, and what an earlier worker recorded about it.
// Refuses to know what follows from that (deliver.ts) and what a record means (outcome/record.ts).
import { envelopeVersion } from '@relayfleet/contract/envelope.ts';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { documentVersion } from '@relayfleet/contract/parse.ts';
import type { ConsumerKey } from '@relayfleet/contract/subjects.ts';
import type { Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { bury, insist, type ConcludeDeps, type Job } from './conclude.ts';
import { pauseForNewer } from './outcome/setback.ts';

/**
 * Newer nodes write entries we cannot read: those come again byte for byte, until one of them takes it. Anything else unreadable is
 * dead.
 */
export async function unreadable(taken: Taken, problem: string, deps: ConcludeDeps): Promise<void> {
  if (!isNewer(taken.data)) return bury({ taken }, problem, deps);
  const postpone = () => deps.queue.postpone(taken, deps.now() + pauseForNewer(taken.subject));
  if (!(await insist('deferral', postpone, deps))) return taken.release();
  await taken.done();
}

function isNewer(data: Uint8Array): boolean {
  const end = data.indexOf(0x0a);
  try {
    return (documentVersion(JSON.parse(Buffer.from(data.subarray(0, end)).toString())) ?? 0) > envelopeVersion;
  } catch {
    return false;
  }
}

export type Earlier = { readonly ok: true; readonly last: AttemptedEvent | undefined } | { readonly ok: false };

/** The last attempt on record, asked for only where there may be one: the first try of a fresh mail costs no question. */
export async function lastRecord(
  { taken, envelope }: Job,
  consumer: ConsumerKey,
  deps: ConcludeDeps,
): Promise<Earlier> {
  const mayExist = taken.maybeSeen || consumer === 'retry' || envelope.kind === 'dsn';
  if (!mayExist) return { ok: true, last: undefined };
  const { platform, id, k } = envelope;
  const look = () => deps.log.lastAttempted(platform, id, k).then((last) => ({ ok: true as const, last }));
  return (await insist('attempt-read', look, deps)) ?? { ok: false };
}
