// Waiting in tests: for a condition, by looking again and again, with a deadline. Never for time alone.
import { setTimeout as delay } from 'node:timers/promises';

export type UntilOptions = { readonly withinMs?: number; readonly everyMs?: number };

/** The first value of `look` that is neither false nor undefined. Rejects with the words of `what` when the deadline passes. */
export async function until<T>(
  what: string | (() => string),
  look: () => T | false | undefined | Promise<T | false | undefined>,
  { withinMs = 90_000, everyMs = 50 }: UntilOptions = {},
): Promise<T> {
  const started = performance.now();
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (performance.now() - started > withinMs)
      throw new Error(`waited ${withinMs / 1000} s in vain: ${typeof what === 'string' ? what : what()}`);
    await delay(everyMs);
  }
}
