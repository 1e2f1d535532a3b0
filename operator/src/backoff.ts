// How long to wait after the nth failure in a row: exponential with jitter, so that many waiters do not return at once.
// Decides only the delay; who waits, and what counts as a failure, is the caller's business.

export type Backoff = {
  /** Milliseconds to wait now; grows with each call. */
  next(): number;
  /** Something worked: the next wait is short again. */
  reset(): void;
};

export type BackoffOptions = {
  readonly baseMs: number;
  readonly maxMs: number;
  /** In [0, 1). */
  readonly random: () => number;
};

/** Waits of base, 2·base, 4·base … up to max, each stretched by up to as much again (client-go's reflector uses the same). */
export function createBackoff({ baseMs, maxMs, random }: BackoffOptions): Backoff {
  let failures = 0;
  return {
    next() {
      const delay = Math.min(maxMs, baseMs * 2 ** failures);
      failures = Math.min(failures + 1, 30);
      return Math.round(delay * (1 + random()));
    },
    reset() {
      failures = 0;
    },
  };
}
