// Runs a fleet's sweeps, one pass at a time, for as long as its connection is open, and tells how each ended.
// A pass that fails is told and tried again at the next turn; nothing waits for it.
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { StoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { createBodySweep, type SweptBodies } from './body-sweep.ts';

export type SweepEvents = {
  swept(fleet: ObjectRef, swept: SweptBodies, at: number): void;
  sweepFailed(fleet: ObjectRef, problem: string): void;
};

export type SweeperDeps = {
  readonly bodies: StoredBodies;
  readonly events: SweepEvents;
  /** Milliseconds since the epoch, for what is told. */
  readonly now: () => number;
  /** Milliseconds that only run forward. */
  readonly monotonic: () => number;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

export type Sweeper = { /** Resolves when the pass under way has ended. */ stop(): Promise<void> };

const everyMs = 60_000;
/** Some 10 ms a body; a backlog is worked off over several passes, so that mail is not held up by it. */
const limits = { looks: 1_000, ms: 20_000 };

export function startSweeper(fleet: ObjectRef, { bodies, events, now, monotonic, sleep }: SweeperDeps): Sweeper {
  const stop = new AbortController();
  const sweep = createBodySweep({ bodies, monotonic, limits });

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await sleep(everyMs, stop.signal); // first: a fresh connection has its streams made meanwhile
      if (stop.signal.aborted) return;
      try {
        events.swept(fleet, await sweep.pass(stop.signal), now());
      } catch (cause) {
        if (!stop.signal.aborted) events.sweepFailed(fleet, cause instanceof Error ? cause.message : String(cause));
      }
    }
  }

  const ended = run();
  return {
    async stop() {
      stop.abort();
      await ended;
    },
  };
}
