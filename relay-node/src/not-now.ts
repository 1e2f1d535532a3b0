// Entries in hand that are not tried now: one that came before its time, one that is suspended, one this node has no time left for.
// None of these counts as an attempt. What is due when is outcome/schedule.ts's word, what is suspended policy/suspension.ts's.
import { setTimeout as delay } from 'node:timers/promises';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { putBack, type ConcludeDeps, type Job } from './conclude.ts';
import { earlyBy, nextLook } from './outcome/schedule.ts';

/** Keeps a retry in hand that came early by our clock. False: `leaving` ended the wait. */
export async function untilDue(
  last: AttemptedEvent | undefined,
  { now, leaving }: { readonly now: () => number; readonly leaving: AbortSignal },
): Promise<boolean> {
  if (last === undefined || last.nextDue === null) return true;
  const ms = earlyBy({ at: last.at, nextDue: last.nextDue }, now());
  if (ms > 0) await delay(ms, undefined, { signal: leaving }).catch(() => undefined);
  return ms === 0 || !leaving.aborted;
}

/** Whoever suspended it decides for how long. */
export async function hold(job: Job, deps: ConcludeDeps): Promise<void> {
  const { taken, envelope } = job;
  const due = nextLook(envelope.id, Math.max(deps.now(), envelope.due)); // never back in time: it would come again at once
  if (!(await putBack(job, { ...envelope, due }, deps))) return taken.release();
  deps.report.held({ platform: refKey(envelope.platform), domain: envelope.domain });
  await taken.done();
}

/** For another node, now. Put back anew rather than released: an orderly stop must not count as a worker that died. */
export async function handBack(job: Job, deps: ConcludeDeps): Promise<void> {
  const { taken, envelope } = job;
  const due = Math.max(deps.now(), envelope.due + 1);
  if (!(await putBack(job, { ...envelope, due }, deps))) return taken.release();
  await taken.done();
}
