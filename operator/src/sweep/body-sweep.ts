// One pass over a fleet's bodies: list, compare with the entries, look closely at what seems to be left over, erase what is.
// Remembers between passes what had no entry. Any failure ends the pass and forgets that memory: nothing is ever removed on
// half of the information, and a time during which nobody could look does not count as waiting.
import type { StoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { judge, watch, worthALook, type Waiting } from './waiting.ts';

export type SweptBodies = { readonly finished: number; readonly orphans: number };

export type BodySweepDeps = {
  readonly bodies: StoredBodies;
  /** Milliseconds that only run forward. */
  readonly monotonic: () => number;
  /** Bodies looked at in one pass, and how long it may take; the next pass goes on with the rest. */
  readonly limits: { readonly looks: number; readonly ms: number };
};

export type BodySweep = {
  /** Rejects when NATS does not answer. */
  pass(signal: AbortSignal): Promise<SweptBodies>;
};

export function createBodySweep({ bodies, monotonic, limits }: BodySweepDeps): BodySweep {
  let waiting: Waiting = new Map();

  async function sweep(signal: AbortSignal): Promise<SweptBodies> {
    const started = monotonic();
    const listed = await bodies.list(); // before the entries: see `watch`
    const next = new Map(watch(waiting, listed, await bodies.withEntries(), started));
    const swept = { finished: 0, orphans: 0 };
    for (const id of worthALook(next, started, limits.looks)) {
      if (signal.aborted || monotonic() - started > limits.ms) break;
      const facts = await bodies.look(id);
      const judgement = judge(facts, started - (next.get(id)?.since ?? started));
      if (facts.hasEntry) next.delete(id);
      if (judgement === 'keep') continue;
      await bodies.erase(id, facts);
      next.delete(id);
      swept[judgement === 'finished' ? 'finished' : 'orphans'] += 1;
    }
    waiting = next;
    return swept;
  }

  return {
    async pass(signal) {
      try {
        return await sweep(signal);
      } catch (cause) {
        waiting = new Map();
        throw cause;
      }
    },
  };
}
