// Runs what an operator does about a fleet's stored mail for as long as its connection is open: two sweeps, one pass of each at a
// time, and people's orders. Tells how each pass ended; one that fails is tried again at the next turn, and nothing waits for it.
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import type { Answering } from '@relayfleet/jetstream/answering.ts';
import type { StoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import type { WaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import { createAnswering } from './answering.ts';
import { createBodySweep, type SweptBodies } from './body-sweep.ts';
import { createMover, type MoveReason } from './move-all.ts';
import { createOrderKeeper, type OrderEvents } from './order-keeper.ts';
import { createOverdueSweep } from './overdue-sweep.ts';

export type Sweep = 'bodies' | 'overdue';

export type SweepEvents = OrderEvents & {
  sweptBodies(fleet: ObjectRef, swept: SweptBodies): void;
  /** So many overdue entries were brought forward in one pass. */
  sweptOverdue(fleet: ObjectRef, moved: number): void;
  sweepEnded(fleet: ObjectRef, sweep: Sweep, at: number): void;
  sweepFailed(fleet: ObjectRef, sweep: Sweep, problem: string): void;
  /** So many entries were brought forward just now. */
  movedForward(fleet: ObjectRef, reason: MoveReason, count: number): void;
};

/** A fleet's stored mail. */
export type SweptMail = {
  readonly bodies: StoredBodies;
  readonly waiting: WaitingMail;
  readonly orders: {
    /** Calls the listener with all orders at once and whenever they change; returns how to stop. */
    watch(listener: (orders: readonly Order[]) => void): () => void;
    put(order: Order): Promise<void>;
    withdraw(name: string): Promise<void>;
  };
  /** Calls the listener when a destination answers a sender domain's mail again; returns how to stop. */
  onAnswering(listener: (waiting: Answering) => void): () => void;
};

export type SweeperDeps = {
  readonly mail: SweptMail;
  readonly events: SweepEvents;
  /** Milliseconds since the epoch, for what is told. */
  readonly now: () => number;
  /** Milliseconds that only run forward. */
  readonly monotonic: () => number;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

export type Sweeper = { /** Resolves when what is under way has ended. */ stop(): Promise<void> };

const everyMs = 60_000;
/** Some 10 ms a body; a backlog is worked off over several passes, so that mail is not held up by it. */
const bodyLimits = { looks: 1_000, ms: 20_000 };
/** A burst of 100,000 due at one moment was measured to fire within 10 s. */
const overdueLimits = { overdueMs: 90_000, apartMs: 30_000, most: 45_000 };

export function startSweeper(fleet: ObjectRef, { mail, events, now, monotonic, sleep }: SweeperDeps): Sweeper {
  const { bodies, waiting, orders, onAnswering } = mail;
  const stop = new AbortController();
  const onMoved = (reason: MoveReason, count: number) => events.movedForward(fleet, reason, count);
  const moveAll = createMover({ waiting, monotonic, sleep, onMoved });
  const bodySweep = createBodySweep({ bodies, monotonic, limits: bodyLimits });
  const overdueSweep = createOverdueSweep({ waiting, moveAll, ...overdueLimits });
  const keeper = createOrderKeeper(fleet, { waiting, moveAll, withdraw: orders.withdraw, events, monotonic, sleep });

  async function repeat(sweep: Sweep, pass: () => Promise<void>): Promise<void> {
    while (!stop.signal.aborted) {
      await sleep(everyMs, stop.signal); // first: a fresh connection has its streams made meanwhile
      if (stop.signal.aborted) return;
      try {
        await pass();
        events.sweepEnded(fleet, sweep, now());
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause);
        if (!stop.signal.aborted) events.sweepFailed(fleet, sweep, problem);
      }
    }
  }

  const unwatch = orders.watch((all) => keeper.follow(all));
  const bringForward = createAnswering({ put: orders.put, now, monotonic });
  const unhear = onAnswering((waiting) => void bringForward(waiting));
  const ended = Promise.all([
    repeat('bodies', async () => events.sweptBodies(fleet, await bodySweep.pass(stop.signal))),
    repeat('overdue', async () => events.sweptOverdue(fleet, await overdueSweep.pass(stop.signal))),
  ]);
  return {
    async stop() {
      stop.abort();
      unwatch();
      unhear();
      await Promise.all([ended, keeper.stop()]);
    },
  };
}
