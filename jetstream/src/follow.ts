// Keeps looking at something in NATS: at once, on every notice of a change, after a reconnect, and every few seconds anyway.
// A consumer-based watcher dies with its stream and can miss that it did; looking again cannot. Knows nothing of what it sees.
import { setTimeout as delay } from 'node:timers/promises';
import type { Nats } from './connect.ts';

export type Follow = {
  /** Subject on which the server repeats changes. */
  readonly notices: string;
  /** The longest a missed notice can matter. */
  readonly everyMs: number;
  /** Looks once. A rejection means that nothing was learnt; the next look comes anyway. */
  readonly look: () => Promise<void>;
};

/** Hundreds of nodes report every few seconds: their notices are answered by at most ten looks a second. */
const restMs = 100;

/** Starts looking; returns how to stop. Looks never overlap: what happens during one causes one more. */
export function follow(nats: Nats, { notices, everyMs, look }: Follow): () => void {
  let stopped = false;
  let busy = false;
  let again = false;

  const run = async () => {
    again = true;
    if (busy) return;
    busy = true;
    while (again && !stopped) {
      again = false;
      await look().catch(() => undefined);
      await delay(restMs);
    }
    busy = false;
  };

  const timer = setInterval(() => void run(), everyMs);
  const subscription = nats.nc.subscribe(notices, { callback: () => void run() });
  const stopStatus = nats.onStatus(({ kind }) => {
    if (kind === 'connected') void run();
  });
  void run();
  return () => {
    stopped = true;
    clearInterval(timer);
    stopStatus();
    if (!nats.nc.isClosed()) subscription.unsubscribe();
  };
}
