// Looks after the mail of objects that are being deleted, on one fleet's NATS: counts it every few seconds for as long as it is
// asked to, and gives the order to drop it where that is wanted. Who may go is the plan's word.
// A look that fails is no look: what was empty before has to be seen so anew.
import type { Order } from '@relayfleet/contract/order.ts';
import type { WantedDrain } from '../plan.ts';
import { onDeleteAnnotation } from '../on-delete.ts';
import { looksToBelieve, type DrainObservation } from '../world.ts';

/** What the watch needs of a connection. Everything rejects when NATS does not answer. */
export type DrainQueue = {
  /** Entries that match, ready and deferred. */
  count(filter: WantedDrain['filter']): Promise<number>;
  orders(): Promise<readonly Order[]>;
  putOrder(order: Order): Promise<void>;
};

export type DrainWatch = {
  want(drains: readonly WantedDrain[]): void;
  /** By uid; what was not looked at yet is absent. */
  observations(): ReadonlyMap<string, DrainObservation>;
  /** Looks through this connection until the signal aborts. Never rejects. */
  run(queue: DrainQueue, signal: AbortSignal): Promise<void>;
};

export type DrainWatchDeps = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onChange: () => void;
};

const everyMs = 2_000;

export function createDrainWatch({ now, sleep, onChange }: DrainWatchDeps): DrainWatch {
  let wanted: readonly WantedDrain[] = [];
  let seen: ReadonlyMap<string, DrainObservation> = new Map();
  let wake = new AbortController();

  function replace(next: ReadonlyMap<string, DrainObservation>): void {
    const before = JSON.stringify([...seen]);
    seen = next;
    if (JSON.stringify([...next]) !== before) onChange();
  }

  async function look(queue: DrainQueue): Promise<void> {
    const drains = wanted;
    const given = drains.some(({ drop }) => drop) ? new Set((await queue.orders()).map(({ name }) => name)) : new Set();
    const next = new Map<string, DrainObservation>();
    for (const drain of drains) {
      const entries = await queue.count(drain.filter);
      const emptyBefore = seen.get(drain.uid)?.emptyLooks ?? 0;
      const isEmpty = entries === 0 && drain.closed;
      next.set(drain.uid, { entries, emptyLooks: isEmpty ? Math.min(emptyBefore + 1, looksToBelieve) : 0 });
      if (drain.drop && entries > 0 && !given.has(orderName(drain))) await queue.putOrder(dropOrder(drain, now()));
    }
    replace(next);
  }

  return {
    want(drains) {
      if (JSON.stringify(drains) === JSON.stringify(wanted)) return;
      wanted = drains;
      wake.abort();
    },
    observations: () => seen,
    async run(queue, signal) {
      while (!signal.aborted) {
        wake = new AbortController();
        const news = AbortSignal.any([wake.signal, signal]);
        await look(queue).catch(() => replace(new Map()));
        await (wanted.length > 0 ? sleep(everyMs, news) : aborted(news));
      }
      replace(new Map());
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function orderName({ uid }: WantedDrain): string {
  return `drain-${uid}`;
}

/** About mail of before only: a successor under the same name may send by the time the order is withdrawn. */
function dropOrder(drain: WantedDrain, at: number): Order {
  const reason = `its ${drain.kind} was deleted with ${onDeleteAnnotation}: drop`;
  return {
    v: 1,
    kind: 'drop',
    name: orderName(drain),
    filter: { ...drain.filter, acceptedBefore: at },
    reason,
    at,
    bounce: false,
  };
}
