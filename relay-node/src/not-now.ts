// Entries in hand that are not tried now: one that came before its time, one that is held, one of a destination that has its share,
// one this node has no time left for. None of these counts as an attempt. What is due when is outcome/'s word, what is held
// policy/instruction.ts's, whose turn it is fairness/turns.ts's.
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { nextLook, nextTurn } from './outcome/put-back.ts';
import { earlyBy } from './outcome/schedule.ts';
import type { HoldReason } from './policy/instruction.ts';
import { putBack, type Job, type PutAwayDeps } from './put-away.ts';

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

/** Whoever suspended it, or ordered that it be held, decides for how long. */
export async function hold(job: Job, reason: HoldReason, deps: PutAwayDeps): Promise<void> {
  const { taken, envelope } = job;
  const now = notBefore(envelope, deps);
  const { id, heldSince = now } = envelope;
  const due = nextLook({ id, heldSince }, now);
  if (!(await putBack(job, { ...envelope, due, heldSince }, deps))) return taken.release();
  deps.report.held({ ...ownersOf(envelope), reason });
  await taken.done();
}

/** For any node, when others have had the slot: its destination is slow, and has its share of this node already. */
export async function pushBack(job: Job, deps: PutAwayDeps): Promise<void> {
  const { taken, envelope } = job;
  const { heldSince: _, pushedBack = 0, ...free } = envelope;
  const from = taken.woken ? deps.now() : notBefore(envelope, deps);
  const turn = nextTurn({ ...envelope, due: Math.min(from, envelope.due), pushedBack }, from);
  const later = { ...free, due: Math.max(turn, envelope.due), pushedBack: pushedBack + 1 };
  if (!(await putBack(job, later, deps, soonIfWoken(taken, turn)))) return taken.release();
  deps.report.pushedBack(ownersOf(envelope));
  await taken.done();
}

/** For another node, now. Put back anew rather than released: an orderly stop must not count as a worker that died. */
export async function handBack(job: Job, deps: PutAwayDeps): Promise<void> {
  const { taken, envelope } = job;
  const now = deps.now();
  const due = Math.max(now, envelope.due + 1);
  if (!(await putBack(job, { ...envelope, due }, deps, soonIfWoken(taken, now)))) return taken.release();
  await taken.done();
}

/** What a person asked for now keeps its haste; its own time stays what the last attempt's record says. */
function soonIfWoken({ woken }: Pick<Job['taken'], 'woken'>, at: number): number | undefined {
  return woken ? at : undefined;
}

/** Never back in time: it would come again at once. */
function notBefore({ due }: Envelope, { now }: PutAwayDeps): number {
  return Math.max(now(), due);
}

function ownersOf({ platform, domain }: Envelope): { readonly platform: string; readonly domain: string } {
  return { platform: refKey(platform), domain };
}
