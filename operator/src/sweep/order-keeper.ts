// Carries out a fleet's orders about waiting mail: `retry` moves everything that matches to now, `drop` does so until nothing that
// matches is left, since it is the nodes that end what they take. What is done is withdrawn; a hold never is.
// Remembers nothing that would be missed: orders lie in their bucket, and a round begun anew moves what still waits.
import { isDeepStrictEqual } from 'node:util';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import { parseEntrySubject } from '@relayfleet/contract/subjects.ts';
import type { WaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import type { MoveAll, MoverDeps } from './move-all.ts';
import { concernsEntry, mayConcern, narrowing, type Task } from './orders.ts';

export type OrderEvents = {
  /** All orders there are now. */
  ordersSeen(fleet: ObjectRef, orders: readonly Order[]): void;
  /** `entries`: how many it seems to be about. */
  orderBegun(fleet: ObjectRef, order: Task, entries: number): void;
  /** It was carried out and withdrawn; `moved`: entries brought forward for it, by this process. */
  orderDone(fleet: ObjectRef, order: Task, moved: number): void;
  /** It cannot be carried out for now; it is tried again. */
  orderStalled(fleet: ObjectRef, order: Task, problem: string): void;
};

export type OrderKeeperDeps = Pick<MoverDeps, 'monotonic' | 'sleep'> & {
  readonly waiting: Pick<WaitingMail, 'ready' | 'deferred'>;
  readonly moveAll: MoveAll;
  readonly withdraw: (name: string) => Promise<void>;
  readonly events: OrderEvents;
};

export type OrderKeeper = {
  /** All orders there are, whenever that changes. */
  follow(orders: readonly Order[]): void;
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>;
};

/** Nodes look at the orders every 2 s at least: by then all know of a drop, and none still holds what was released. */
const heardOfMs = 5_000;
const betweenRoundsMs = 2_000;
/** Listing a long queue takes a while, and the server has other work. */
const restFactor = 4;
const afterFailureMs = 5_000;
/** A schedule that may be firing is not moved: with replicas its entry could be doubled (jetstream/src/waiting-mail.ts). */
const comesSoonMs = 15_000;

export function createOrderKeeper(fleet: ObjectRef, deps: OrderKeeperDeps): OrderKeeper {
  const { waiting, moveAll, withdraw, events, monotonic, sleep } = deps;
  /** Those that are done stay until their withdrawal is seen, so that no older list begins them again. */
  const known = new Map<string, { readonly order: Order; readonly stop: AbortController }>();
  const underWay = new Set<Promise<void>>();

  async function carryOut(task: Task, signal: AbortSignal): Promise<void> {
    await sleep(heardOfMs, signal); // before anything is listed: what a node has in hand may come back as held until then
    const progress = { begun: false, moved: 0, listingMs: 0, problem: '' };
    while (!signal.aborted) {
      try {
        const left = await round(task, progress, signal);
        if (signal.aborted) return;
        if (left === 0 || task.kind === 'retry') {
          await withdraw(task.name);
          return events.orderDone(fleet, task, progress.moved);
        }
        await sleep(Math.max(betweenRoundsMs, restFactor * progress.listingMs), signal);
      } catch (cause) {
        if (signal.aborted) return;
        const problem = cause instanceof Error ? cause.message : String(cause);
        if (problem !== progress.problem) events.orderStalled(fleet, task, problem);
        progress.problem = problem;
        await sleep(afterFailureMs, signal);
      }
    }
  }

  /** Moves, once, what waited at its beginning; resolves with how many entries were still there. */
  async function round(task: Task, progress: Progress, signal: AbortSignal): Promise<number> {
    const filter = narrowing(task);
    const started = monotonic();
    const mayBeReady = task.kind === 'drop' && task.held !== true; // what is held was put back, and is ready no more
    const ready = mayBeReady ? await waiting.ready(filter) : []; // before the others, as an entry goes
    const { subjects, upTo, now } = await waiting.deferred(filter);
    const listedAt = monotonic();
    progress.listingMs = listedAt - started;
    const concerned = [...ready, ...subjects].filter((subject) => mayConcern(task, subject));
    if (concerned.length === 0) return 0;
    if (!progress.begun) events.orderBegun(fleet, task, concerned.length);
    progress.begun = true;

    const schedules = concerned.filter(waits);
    let left = concerned.length - schedules.length;
    const wanted: Parameters<MoveAll>[1]['wanted'] = ({ sequence, at, entry }) => {
      if (!concernsEntry(task, entry)) return false;
      left += 1;
      const soon = now + (monotonic() - listedAt) + comesSoonMs;
      return sequence <= upTo && at > soon; // what was put back since has had its turn; what is nearly due comes by itself
    };
    const move = { to: now, because: task.name, reason: task.kind, wanted };
    const { moved, gone } = await moveAll(schedules, move, signal);
    progress.moved += moved;
    return left + gone;
  }

  return {
    follow(orders) {
      events.ordersSeen(fleet, orders);
      const named = new Map(orders.map((order) => [order.name, order]));
      for (const [name, { order, stop }] of known) {
        if (isDeepStrictEqual(named.get(name), order)) continue;
        stop.abort();
        known.delete(name);
      }
      for (const order of orders) {
        if (order.kind === 'hold' || known.has(order.name)) continue;
        const stop = new AbortController();
        known.set(order.name, { order, stop });
        const ended = carryOut(order, stop.signal).finally(() => underWay.delete(ended));
        underWay.add(ended);
      }
    },
    async stop() {
      for (const { stop } of known.values()) stop.abort();
      events.ordersSeen(fleet, []);
      await Promise.all(underWay);
    },
  };
}

type Progress = { begun: boolean; moved: number; listingMs: number };

function waits(subject: string): boolean {
  return parseEntrySubject(subject)?.state === 'df';
}
