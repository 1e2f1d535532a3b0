// When a deferred mail is tried again. Pure: the same attempt always names the same moment for the same mail. It is written into the
// attempt's record before anything is deferred, so that a deferral repeated after a crash replaces itself instead of adding a copy.
// RFC 5321 §4.5.4.1: retries at least 30 minutes apart in the long run, sooner at first; for days.
// Giving up cannot be taken back, so no clock alone brings it about: not that of this node, of the one that took the mail or of NATS.
// Whatever jumps, the mail is tried again first, and its tries must have been spread over at least half of its time (`isTooOld`).
import { createHash } from 'node:crypto';

const minute = 60_000;
const hour = 60 * minute;

/** Milliseconds after the 1st, 2nd, ... failed attempt; the last one repeats. */
export const standardDelays = [1, 5, 15, 30].map((minutes) => minutes * minute).concat(hour, 2 * hour, 4 * hour);

export type ScheduleRequest = {
  readonly id: string;
  /** Attempts made, the failed one included: 1 or more. */
  readonly attempts: number;
  /** When that attempt was due; when it was made, if it was brought forward. */
  readonly due: number;
  /** When it was made. Later waits count from here: a queue that stood still does not make up for it by haste. */
  readonly from: number;
  readonly acceptedAt: number;
  readonly maxAgeMs: number;
};

/**
 * When the next attempt is due. Always after `from`, and after `due` (made early, it was by a clock that disagrees). Spread by
 * ±10 % per mail, so that what failed together does not return together. Not after the mail's last moment, at which it is given up.
 */
export function nextDue(request: ScheduleRequest, delays: readonly number[] = standardDelays): number {
  const { id, attempts, due, from, acceptedAt, maxAgeMs } = request;
  const delay = delayAfter(attempts, delays);
  const next = from + Math.max(1, Math.round(delay * (0.9 + 0.2 * spread(`${id}.${attempts}`))));
  const last = acceptedAt + maxAgeMs;
  return Math.max(due + 1, from < last ? Math.min(next, last) : next);
}

export type AgeQuestion = {
  readonly acceptedAt: number;
  readonly maxAgeMs: number;
  readonly now: number;
  /** When the last attempt's record says that the next one is due. */
  readonly due: number;
  /** Attempts made. */
  readonly attempt: number;
};

/** Whether the mail is given up. Every rule must hold. */
export function isTooOld(question: AgeQuestion, delays: readonly number[] = standardDelays): boolean {
  const { acceptedAt, maxAgeMs, now, due, attempt } = question;
  const last = acceptedAt + maxAgeMs;
  return (
    now >= last && // it is old
    due >= last && // and its last attempt already said so: one is made after any jump, and after a queue that stood still
    waitsBefore(attempt, delays) >= maxAgeMs / 2 // and it had its tries: an age that is only a wrong clock's is not believed
  );
}

/** The seventh attempt of the standard schedule, some four hours after the mail came, is the first one past it. */
export const standardLateMs = 3 * hour;

export type LatenessQuestion = {
  readonly acceptedAt: number;
  /** When the attempt was recorded. */
  readonly at: number;
  /** Attempts made before it. */
  readonly attempt: number;
  readonly lateMs: number;
};

/** Whether a mail that waits on is late. As with giving up: an age that is only a wrong clock's is not believed. */
export function isLate(question: LatenessQuestion, delays: readonly number[] = standardDelays): boolean {
  const { acceptedAt, at, attempt, lateMs } = question;
  return at - acceptedAt >= lateMs && waitsBefore(attempt, delays) >= lateMs / 2;
}

const longestInHandMs = 10 * minute;

/**
 * How long a retry is kept in hand before it is tried, in milliseconds. NATS hands retries out by its own clock; one that comes when
 * less than half of its wait is over shows that the two disagree. Tried at once, and again at once, it would use up its schedule in
 * seconds. Not for long, and not at all where the last attempt lies ahead of `now`: then it may well be our clock that is wrong.
 */
export function earlyBy({ at, nextDue }: { at: number; nextDue: number }, now: number): number {
  const left = nextDue - now;
  return now >= at && left > (nextDue - at) / 2 ? Math.min(left, longestInHandMs) : 0;
}

function delayAfter(attempts: number, delays: readonly number[]): number {
  return delays[Math.min(attempts, delays.length) - 1] ?? hour;
}

/** Milliseconds, as the schedule grants them. */
function waitsBefore(attempts: number, delays: readonly number[]): number {
  return Array.from({ length: attempts }, (_, i) => delayAfter(i + 1, delays)).reduce((sum, wait) => sum + wait, 0);
}

/** 0 <= x < 1, the same for the same text. */
export function spread(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
