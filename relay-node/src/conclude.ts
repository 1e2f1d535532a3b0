// What follows an attempt, in an order that survives a crash at any point: record it, tell the sender what is to be told, put
// back for later what waits, lay out what no node can work on, acknowledge. A crash in between brings the entry again; the record
// then says how far this came.
// Every write is insisted on: an entry let go here unrecorded would be sent twice.
import type { AttemptedEvent, SettledEvent } from '@relayfleet/contract/event.ts';
import type { EventLog } from '@relayfleet/jetstream/event-log.ts';
import type { Commit, Refusal } from '@relayfleet/jetstream/mail-queue.ts';
import { composeDsn, type Dsn, type DsnRequest } from './outcome/dsn.ts';
import { noticesDue, tellsOfDelay, type Notice, type Occasion } from './outcome/notices.ts';
import { remainingEntry, type Outcome } from './outcome/record.ts';
import { bury, insist, isDefect, putBack, type Job, type PutAwayDeps } from './put-away.ts';

export type ConcludeDeps = PutAwayDeps & {
  readonly node: string;
  readonly log: EventLog;
};

export type Conclusion = {
  readonly attempted: AttemptedEvent;
  readonly settled?: SettledEvent | undefined;
  readonly outcomes: readonly Outcome[];
  /** An earlier worker recorded the attempt and may have come further. */
  readonly recorded: boolean;
  readonly telling: Pick<DsnRequest, 'reporter' | 'destination' | 'retryUntil'> & Occasion;
  /** Why no node can work on the entry: it has come to its end like any other, and is kept for people among the dead letters. */
  readonly unworkable?: string | undefined;
};

/** Resolves when the entry is acknowledged, or the signal ended it (then it comes again). */
export async function conclude(job: Job, conclusion: Conclusion, deps: ConcludeDeps): Promise<void> {
  const { taken, envelope } = job;
  if (!conclusion.recorded && !(await record(conclusion, deps))) return taken.release();
  const { attempted, outcomes, telling, unworkable } = conclusion;
  const notices = noticesDue(envelope, outcomes, telling);
  if (!(await tell(job, { ...conclusion, notices }, deps))) return taken.release();
  const remaining = remainingEntry(envelope, attempted);
  const later = remaining && (tellsOfDelay(notices) ? { ...remaining, delayTold: true as const } : remaining);
  if (later !== undefined && !(await putBack(job, later, deps))) return taken.release();
  if (unworkable !== undefined) return bury(job, unworkable, deps);
  await taken.done();
}

/** Insists whatever the reason, defects too: a mail set back unrecorded would be sent again, and with it all that meet the same defect. */
async function record({ attempted, settled }: Conclusion, deps: ConcludeDeps): Promise<boolean> {
  const events = settled === undefined ? [attempted] : [attempted, settled];
  const refuse = (error: Error): Refusal => {
    if (isDefect(error)) deps.report.deliveryDefect(error);
    return { ok: false, reason: 'unavailable', detail: error.message };
  };
  const append = () => deps.log.append(events).then(() => ({ ok: true as const }), refuse);
  if ((await insist('attempt-record', append, deps)) === undefined) return false;
  deps.report.attempted(attempted, attempted.hop ?? '');
  if (settled !== undefined) deps.report.settled(settled);
  return true;
}

type Telling = Pick<Conclusion, 'attempted' | 'recorded' | 'telling'> & { readonly notices: readonly Notice[] };

async function tell(
  job: Job,
  { attempted, notices, recorded, telling }: Telling,
  deps: ConcludeDeps,
): Promise<boolean> {
  if (notices.length === 0) return true;
  const { envelope, inline, unworkable } = job;
  const load = async () => (unworkable === undefined ? await deps.queue.readFirst(envelope, inline) : undefined);
  const read = () => load().then((original) => ({ ok: true as const, original }));
  const body = await insist('body-read', read, deps);
  if (body === undefined) return false;
  const { original } = body;
  for (const notice of notices) {
    // Of the attempt's time: composed again after a crash it is the same, and so is when it is due.
    const dsn = composeDsn({ ...telling, notice, envelope, original, node: deps.node, now: attempted.at });
    const already = recorded ? await wasSent(dsn, deps) : false;
    if (already === undefined) return false;
    if (!already && !(await queueDsn(dsn, deps))) return false;
  }
  return true;
}

/** A notice that was attempted once has been queued; undefined means that nobody could tell before the end. */
async function wasSent({ envelope: { platform, id, k } }: Dsn, deps: ConcludeDeps): Promise<boolean | undefined> {
  const look = () => deps.log.lastAttempted(platform, id, k).then((last) => ({ ok: true as const, last }));
  const answer = await insist('attempt-read', look, deps);
  return answer && answer.last !== undefined;
}

async function queueDsn(dsn: Dsn, deps: ConcludeDeps): Promise<boolean> {
  const { envelope, message } = dsn;
  const { log, report, now } = deps;
  const started = now();
  const committed = await insist('bounce', () => storeDsn(dsn, deps), deps);
  if (committed === undefined) return false;
  const { id, k, platform, domain, lane, acceptedAt: at, acceptedBy: node } = envelope;
  const size = message.length;
  const about = { v: 1, at, node, id, k, platform, domain, type: 'accepted', kind: 'dsn', lane } as const;
  const event = { ...about, size, recipients: 1, destinations: 1, tls: null, commitMs: now() - started };
  if (!committed.duplicate) report.accepted(event);
  log.note(event);
  return true;
}

/**
 * Ready, as any mail; in a full queue like a deferred one, due at once. Waiting for room would keep the slot of the entry it is about:
 * with as many bounces as slots nothing would leave any more, and there never would be room.
 */
async function storeDsn({ envelope, message }: Dsn, { queue, now }: ConcludeDeps): Promise<Commit> {
  const committed = await queue.commit([{ envelope, body: message }], 10_000);
  if (committed.ok || committed.reason !== 'full') return committed;
  const stored = await queue.putBodyOnce(envelope.id, message); // the peer's words are not on record: made again it may differ
  if (!stored.ok) return stored;
  return queue.defer({ ...envelope, body: stored.ref }, Math.max(envelope.due, now()));
}
