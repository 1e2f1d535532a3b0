// What follows when a destination answers again: an order to bring its waiting mail forward, like one a person gives, so that people
// see it, and it survives a restart. Several nodes may say so, and a host may come and go: not more often than every five minutes.
// Refuses to know how an order is carried out (order-keeper.ts).
import { createHash } from 'node:crypto';
import type { Order } from '@relayfleet/contract/order.ts';
import type { Answering } from '@relayfleet/jetstream/answering.ts';

export type AnsweringDeps = {
  readonly put: (order: Order) => Promise<void>;
  /** Milliseconds since the epoch, for what is told. */
  readonly now: () => number;
  /** Milliseconds that only run forward. */
  readonly monotonic: () => number;
};

const quietMs = 5 * 60_000;

/** Never rejects: where the order cannot be put, the mail leaves when it falls due. */
export function createAnswering({ put, now, monotonic }: AnsweringDeps): (waiting: Answering) => Promise<void> {
  const ordered = new Map<string, number>();
  return async ({ domain, destination }) => {
    const way = `${domain} ${destination}`;
    const moment = monotonic();
    for (const [key, at] of ordered) if (moment - at >= quietMs) ordered.delete(key);
    if (ordered.has(way)) return;
    ordered.set(way, moment);
    const name = `answering-${createHash('sha256').update(way).digest('hex').slice(0, 16)}`;
    const reason = 'its next hop answers again';
    const order = {
      v: 1,
      name,
      kind: 'retry',
      held: false,
      filter: { domain, destination },
      reason,
      at: now(),
    } as const;
    await put(order).catch(() => ordered.delete(way));
  };
}
