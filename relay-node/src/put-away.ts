// Where an entry in hand goes when it is not finished: back for later, or to the dead letters. And how every write on its way is
// insisted on: NATS being away costs time, a defect of ours ends it.
// Refuses to know why an entry is put away, and when it comes again: conclude.ts, not-now.ts, setbacks.ts and first-look.ts say so.
import { AssertionError } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { MailQueue, Refusal, Taken } from '@relayfleet/jetstream/mail-queue.ts';
import type { DeliveryReport } from './delivery-report.ts';

/** An entry in hand. */
export type Job = {
  readonly taken: Taken;
  readonly envelope: Envelope;
  /** The body that came with the entry; empty when it is stored in chunks. */
  readonly inline: Uint8Array;
  /** Why no node can work on it: it is given up, and nobody looks into its body, which may be why. */
  readonly unworkable?: string;
};

export type PutAwayDeps = {
  readonly queue: MailQueue;
  readonly report: DeliveryReport;
  readonly now: () => number;
  /** Ends all insisting: what is not written by then is done by whoever gets the entry next. */
  readonly signal: AbortSignal;
};

/**
 * Lets an entry reappear when it is due, or before where it was woken: then at `soon`. Unsent, it keeps what is known of its setbacks.
 * False: not done.
 */
export async function putBack(job: Job, later: Envelope, deps: PutAwayDeps, soon?: number): Promise<boolean> {
  const { queue, now } = deps;
  const envelope = await storeApart(job, later, deps);
  if (envelope === undefined) return false;
  const at = Math.max(soon ?? later.due, now());
  const woken = soon !== undefined;
  const setback = later.attempt === job.envelope.attempt ? job.taken.setback : undefined;
  return (await insist('deferral', () => queue.defer(envelope, at, { woken, setback }), deps)) !== undefined;
}

/**
 * The envelope to put back: an inline body is stored by itself first, so that schedules stay small. Its size stays what the envelope
 * says, so that a damaged one stays damaged. Undefined: not done.
 */
export async function storeApart(
  { inline }: Pick<Job, 'inline'>,
  envelope: Envelope,
  deps: Pick<PutAwayDeps, 'queue' | 'report' | 'signal'>,
): Promise<Envelope | undefined> {
  const { kind, size } = envelope.body;
  if (kind === 'chunks') return envelope;
  const stored = await insist('body', () => deps.queue.putBody(envelope.id, inline), deps);
  return stored && { ...envelope, body: { ...stored.ref, size } };
}

/**
 * Moves an entry nobody can work on to the dead letters. By itself only where not even its envelope can be read: whatever has a sender
 * and recipients is concluded first. Buried again it replaces itself.
 */
export async function bury(
  { taken, envelope }: { readonly taken: Taken; readonly envelope?: Envelope },
  reason: string,
  deps: PutAwayDeps,
): Promise<void> {
  const { subject, data } = taken;
  if (!(await insist('dead-letter', () => deps.queue.bury(envelope, data, subject, reason), deps)))
    return taken.release();
  deps.report.buried({ subject, reason });
  await taken.done();
}

const pauseMs = { first: 250, longest: 5_000 };

/**
 * Repeats a step until it succeeds; undefined once the signal says to stop. No refusal and no lost connection ends it: NATS being away
 * for an hour must cost an hour, not a mail. Rejects for defects of ours alone. `what` is a word for logs and metrics.
 */
export async function insist<T extends { readonly ok: true }>(
  what: string,
  step: () => Promise<T | Refusal>,
  { report, signal }: Pick<PutAwayDeps, 'report' | 'signal'>,
): Promise<T | undefined> {
  for (let pause = pauseMs.first; ; pause = Math.min(2 * pause, pauseMs.longest)) {
    try {
      const answer = await step();
      if (answer.ok) return answer;
    } catch (error) {
      if (isDefect(error)) throw error; // else the same as a refusal: nobody confirmed
    }
    report.queueProblem(what);
    if (signal.aborted) return undefined;
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Whether repeating a step cannot mend it. What the language throws by itself is a mistake in a program; connections that end, servers
 * that do not answer and JetStream's own refusals are errors of other kinds.
 */
export function isDefect(error: unknown): boolean {
  return [TypeError, RangeError, SyntaxError, ReferenceError, AssertionError].some((kind) => error instanceof kind);
}
