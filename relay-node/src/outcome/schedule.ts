// When a deferred mail is tried again. Pure: the same attempt always names the same moment for the same mail. It is written into the
// attempt's record before anything is deferred, so that a deferral repeated after a crash replaces itself instead of adding a copy.
// RFC 5321 §4.5.4.1: retries at least 30 minutes apart in the long run, sooner at first; for days.
import { createHash } from 'node:crypto';

const minute = 60_000;
const hour = 60 * minute;

/** Milliseconds after the 1st, 2nd, ... failed attempt; the last one repeats. */
export const standardDelays = [1, 5, 15, 30].map((minutes) => minutes * minute).concat(hour, 2 * hour, 4 * hour);

export type ScheduleRequest = {
  readonly id: string;
  /** Attempts made, the failed one included: 1 or more. */
  readonly attempts: number;
  /** When that attempt was due, or made if that was later: a queue that stood still does not make up for it by haste. */
  readonly from: number;
  readonly acceptedAt: number;
  readonly maxAgeMs: number;
};

/**
 * When the next attempt is due. Always after `from`. Spread by ±10 % per mail, so that what failed together does not return
 * together. Not after the mail's last moment, at which it is given up.
 */
export function nextDue(request: ScheduleRequest, delays: readonly number[] = standardDelays): number {
  const { id, attempts, from, acceptedAt, maxAgeMs } = request;
  const delay = delays[Math.min(attempts, delays.length) - 1] ?? hour;
  const next = from + Math.max(1, Math.round(delay * (0.9 + 0.2 * spread(`${id}.${attempts}`))));
  const last = acceptedAt + maxAgeMs;
  return from < last ? Math.min(next, last) : next;
}

/** When a held entry is looked at again: within two minutes, and at the same moment however often it is put back meanwhile. */
export function nextLook(id: string, now: number): number {
  return (Math.floor((now + 30_000) / minute) + 1) * minute + Math.floor(spread(id) * 30_000);
}

/** Whether the mail is given up: too old, and tried at least once (a queue that stood still is no reason to bounce). */
export function isTooOld(envelope: { acceptedAt: number; attempt: number }, maxAgeMs: number, now: number): boolean {
  return envelope.attempt > 0 && now - envelope.acceptedAt >= maxAgeMs;
}

/** 0 <= x < 1, the same for the same text. */
function spread(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
