// When a part that died is started again, and when it is given up. Pure.

/** Milliseconds before start number `failures + 1`; doubles to ten seconds. */
export function restartDelay(failures: number): number {
  return Math.min(250 * 2 ** Math.max(0, failures - 1), 10_000);
}

/** A part that ran this long after it was ready is well: the next death starts the count anew. */
export const healthyAfterMs = 10_000;

/** A part that was never ready and died this often needs a person. */
export const triesBeforeReady = 3;
