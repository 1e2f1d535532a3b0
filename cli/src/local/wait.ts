// Waits for something to come true and says what stands against it when it takes long.
import { setTimeout as sleep } from 'node:timers/promises';

export type WaitOptions = {
  readonly signal: AbortSignal;
  /** Told what is still missing, once it takes long and whenever that changes. */
  readonly onSlow: (missing: readonly string[]) => void;
  readonly patienceMs?: number | undefined;
  readonly now: () => number;
};

export type Waited =
  | { readonly kind: 'done' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'tired'; readonly missing: readonly string[] };

const lookEveryMs = 40;
const slowAfterMs = 5_000;

/** `missing` says what is not there yet; empty ends the wait. */
export async function waitUntil(missing: () => readonly string[], options: WaitOptions): Promise<Waited> {
  const started = options.now();
  let said = '';
  while (!options.signal.aborted) {
    const left = missing();
    if (left.length === 0) return { kind: 'done' };
    const waited = options.now() - started;
    if (options.patienceMs !== undefined && waited > options.patienceMs) return { kind: 'tired', missing: left };
    const text = left.join('\n');
    if (waited > slowAfterMs && text !== said) {
      options.onSlow(left);
      said = text;
    }
    await sleep(lookEveryMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
  return { kind: 'stopped' };
}
