// The node's one clock: what time it is, when the machine's clock cannot be trusted blindly. It follows the wall clock. When that
// moves against the monotonic clock by more than `boundMs` between two looks, it jumped: a wrong time server, a machine that was
// suspended, a first synchronisation. Which of the two times is right cannot be known here, so the clock runs on steadily from the
// old one and adopts the new one only after it has itself run steadily for `holdMs`.
// A jump never bounces a mail by itself: that rule is kept by outcome/schedule.ts, where a mail is given up. Refuses to know whose
// clock is right, and what a time is used for; readings come in as parameters.

export type Reading = {
  /** Epoch milliseconds. */
  readonly wall: number;
  /** Milliseconds since some moment; never set, stands still while the machine is suspended. */
  readonly monotonic: number;
};

/** More than any adjustment of a synchronised clock, less than any wait that matters to a mail. */
export const boundMs = 5 * 60_000;
/** Time for a time server to take a mistake back, or for a person to. */
export const holdMs = 10 * 60_000;

export type ClockState = {
  readonly last: Reading;
  /** While a jump is in doubt: where the old time was left, and since when (monotonic) the wall clock has run steadily. */
  readonly doubt?: { readonly from: Reading; readonly since: number };
};

/** `byMs`: how far the wall clock is from the steady one; positive is ahead. */
export type ClockNews =
  | { readonly kind: 'jumped'; readonly byMs: number }
  /** The wall clock came back to where it should be. */
  | { readonly kind: 'returned' }
  /** It did not: its time is the node's from now on. */
  | { readonly kind: 'adopted'; readonly byMs: number };

export type Look = { readonly state: ClockState; readonly now: number; readonly news?: ClockNews };

/** What time it is by a new reading, and what became of the clock since the last one. */
export function look({ last, doubt }: ClockState, reading: Reading): Look {
  const jumped = Math.abs(reading.wall - expected(last, reading)) > boundMs;
  const from = doubt?.from ?? (jumped ? last : undefined);
  const following = { state: { last: reading }, now: reading.wall };
  if (from === undefined) return following;

  const steady = expected(from, reading);
  const byMs = reading.wall - steady;
  if (Math.abs(byMs) <= boundMs) return { ...following, news: { kind: 'returned' } };
  if (jumped || doubt === undefined)
    return { state: inDoubt(from, reading), now: steady, news: { kind: 'jumped', byMs } };
  if (reading.monotonic - doubt.since >= holdMs) return { ...following, news: { kind: 'adopted', byMs } };
  return { state: { last: reading, doubt }, now: steady };
}

export type Clock = {
  /** Epoch milliseconds, whole. */
  now(): number;
  /** Between which moments the true time lies, as far as known: both are `now` unless a jump is in doubt. */
  span(): { readonly earliest: number; readonly latest: number };
  /** For durations: whole milliseconds that know no jumps. */
  elapsed(): number;
};

/** The clock of a running node. Every question is a look; `onNews` is told at most once for each change. */
export function createClock(read: () => Reading, onNews: (news: ClockNews) => void): Clock {
  let state: ClockState = { last: read() };
  const ask = () => {
    const reading = read();
    const { now, news, ...next } = look(state, reading);
    state = next.state;
    if (news !== undefined) onNews(news);
    return { now, wall: reading.wall };
  };
  return {
    now: () => ask().now,
    span: () => {
      const { now, wall } = ask();
      return { earliest: Math.min(now, wall), latest: Math.max(now, wall) };
    },
    elapsed: () => Math.floor(read().monotonic),
  };
}

/** Milliseconds from one reading to another, by the clock that says most: one may have stood still, the other been set back. */
export function passedBetween(from: Reading, to: Reading): number {
  return Math.max(to.wall - from.wall, to.monotonic - from.monotonic);
}

/** This machine's clocks. */
export function readMachine(): Reading {
  return { wall: Date.now(), monotonic: performance.now() };
}

function inDoubt(from: Reading, last: Reading): ClockState {
  return { last, doubt: { from, since: last.monotonic } };
}

function expected(from: Reading, { monotonic }: Reading): number {
  return from.wall + Math.floor(monotonic - from.monotonic);
}
