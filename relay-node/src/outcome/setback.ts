// What follows from failures to work on an entry at all: when it comes again, and when it is given up. A failure says more about the
// node than about the mail: a release with a defect meets it in every mail, and going back to the release before must save them all.
// Pure. Refuses to know how an entry is put back (setbacks.ts).
import type { Setback } from '@relayfleet/contract/setback.ts';
import { spread } from './schedule.ts';

/**
 * Handed out for the third time without a record, an entry may be what ends its workers. Not at the second: whoever dies takes every
 * entry it holds one delivery along. Known to have come to that before, it is so at the second.
 */
export function workersEnded({ deliveries, setback }: { deliveries: number; setback: Setback | undefined }): boolean {
  return deliveries >= (setback?.because === 'workers-ended' ? 2 : 3);
}

/**
 * As many more are granted where the attempt is on record: then it is rather a lease that was lost than a worker, and the little that
 * is left of the work is soon done.
 */
export function mayBeLeftOver({ deliveries }: { deliveries: number }): boolean {
  return deliveries < 6;
}

export function oneMore(before: Setback | undefined, because: Setback['because'], now: number): Setback {
  return { because, times: (before?.times ?? 0) + 1, since: before?.since ?? now };
}

/** Time to notice a bad release and to take it back. */
const patienceMs = 60 * 60_000;
/** The pauses before this many fill that time. Counted too, since no clock alone gives a mail up. */
const patienceTimes = 20;

function isHopeless({ times, since }: Setback, now: number): boolean {
  return times >= patienceTimes && now - since >= patienceMs;
}

export type Judge = { readonly build: string; readonly now: number };

/**
 * Whether it is given up: its time is over, and this build has seen it fail since. A defect is met by whoever says so; the end of a
 * worker is told by another, and counts where the build had announced its last try.
 */
export function isGivenUp(setback: Setback, before: Setback | undefined, { build, now }: Judge): boolean {
  return isHopeless(setback, now) && (setback.because === 'defect' || before?.lastTry === build);
}

/** Whether this build has to announce its last try before it begins: the release before it may have ended all its workers. */
export function isUnannounced(setback: Setback, { build, now }: Judge): boolean {
  return isHopeless(setback, now) && setback.lastTry !== build;
}

const firstPauseMs = 1_000;
const longestPauseMs = 5 * 60_000;

/** Twice as long each time, up to 5 min, spread by ±25 %, so that what failed together does not return together. */
export function pauseAfter({ times }: Setback, id: string): number {
  const grown = Math.min(firstPauseMs * 2 ** (times - 1), longestPauseMs);
  return Math.round(grown * (0.75 + spread(`${id}.${times}`) / 2));
}

/** Of a newer version than this node reads: within a minute, as long as a roll-out takes some. */
export function pauseForNewer(subject: string): number {
  return Math.round(30_000 * (1 + spread(subject)));
}

/** Another entry is being worked on alone: this one's turn comes later, and is no failure of its own. */
export function pauseForOthers(id: string): number {
  return Math.round(20_000 * (1 + spread(id)));
}
