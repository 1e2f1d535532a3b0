// The bucket of orders: people and the operator put and withdraw them, nodes and the operator follow them.
// Refuses to know what an order means; what cannot be read is left out, and stays where it is.
import { decodeOrder, encodeOrder, type Order } from '@relayfleet/contract/order.ts';
import { bucketStream, bucketSubject, buckets, notices } from '@relayfleet/contract/subjects.ts';
import { forgetValue, presentValue, putValue } from './bucket.ts';
import type { Nats } from './connect.ts';
import { follow } from './follow.ts';
import { readMany } from './read.ts';

/** Everything rejects when NATS does not answer or the bucket is missing. */
export type OrderBook = {
  put(order: Order): Promise<void>;
  withdraw(name: string): Promise<void>;
  /** Oldest first. */
  list(): Promise<readonly Order[]>;
};

const lookEveryMs = 2_000;

export function openOrderBook(nats: Nats): OrderBook {
  return {
    put: async (order) => void (await putValue(nats, { subject: subjectOf(order.name), bytes: encodeOrder(order) })),
    withdraw: (name) => forgetValue(nats, subjectOf(name)),
    list: () => readOrders(nats),
  };
}

/**
 * Calls `listener` with all orders, oldest first, at once and whenever they change. Says nothing while NATS does not answer: what was
 * in force stays so. Returns how to stop.
 */
export function watchOrders(nats: Nats, listener: (orders: readonly Order[]) => void): () => void {
  let last: string | undefined;
  const look = async () => {
    const orders = await readOrders(nats);
    const digest = JSON.stringify(orders);
    if (digest === last) return;
    last = digest;
    listener(orders);
  };
  return follow(nats, { notices: notices.orders, everyMs: lookEveryMs, look });
}

async function readOrders(nats: Nats): Promise<readonly Order[]> {
  const stored = await readMany(nats, bucketStream(buckets.orders), { multi_last: [subjectOf('*')] });
  return stored
    .filter((message) => presentValue(message) !== undefined)
    .map(({ data }) => decodeOrder(data))
    .flatMap((order) => (order.ok ? [order.value] : []))
    .sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
}

function subjectOf(name: string): string {
  return bucketSubject(buckets.orders, `order.${name}`);
}
