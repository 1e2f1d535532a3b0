// The bucket of orders: people and the operator put and withdraw them, nodes and the operator follow them.
// Refuses to know what an order means. What cannot be read is told apart, stays where it is, and is obeyed as the contract has it.
import type { StoredMsg } from '@nats-io/jetstream';
import { decodeOrder, encodeOrder, standInFor, type Order, type Orders } from '@relayfleet/contract/order.ts';
import { bucketStream, bucketSubject, buckets, notices } from '@relayfleet/contract/subjects.ts';
import { forgetValue, presentValue, putValue } from './bucket.ts';
import type { Nats } from './connect.ts';
import { follow } from './follow.ts';
import { readMany } from './read.ts';

/** Everything rejects when NATS does not answer or the bucket is missing. */
export type OrderBook = {
  put(order: Order): Promise<void>;
  withdraw(name: string): Promise<void>;
  /** What is obeyed, oldest first. */
  list(): Promise<readonly Order[]>;
  read(): Promise<Orders>;
};

const lookEveryMs = 2_000;

export function openOrderBook(nats: Nats): OrderBook {
  return {
    put: async (order) => void (await putValue(nats, { subject: subjectOf(order.name), bytes: encodeOrder(order) })),
    withdraw: (name) => forgetValue(nats, subjectOf(name)),
    list: async () => (await readOrders(nats)).standing,
    read: () => readOrders(nats),
  };
}

/**
 * Calls `listener` with all orders that are obeyed, oldest first, at once and whenever they change. Says nothing while NATS does not
 * answer: what was in force stays so. Returns how to stop.
 */
export function watchOrders(
  nats: Nats,
  listener: (orders: readonly Order[], unread: Orders['unread']) => void,
): () => void {
  let last: string | undefined;
  const look = async () => {
    const orders = await readOrders(nats);
    const digest = JSON.stringify(orders);
    if (digest === last) return;
    last = digest;
    listener(orders.standing, orders.unread);
  };
  return follow(nats, { notices: notices.orders, everyMs: lookEveryMs, look });
}

async function readOrders(nats: Nats): Promise<Orders> {
  const stored = await readMany(nats, bucketStream(buckets.orders), { multi_last: [subjectOf('*')] });
  const read = stored.filter((message) => presentValue(message) !== undefined).map(readOrder);
  const standing = read.flatMap(({ order }) => (order === undefined ? [] : [order]));
  return {
    standing: standing.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1)),
    unread: read.flatMap(({ unread }) => (unread === undefined ? [] : [unread])),
  };
}

function readOrder({ data, subject, time }: StoredMsg): {
  readonly order?: Order;
  readonly unread?: Orders['unread'][number];
} {
  const decoded = decodeOrder(data);
  if (decoded.ok) return { order: decoded.value };
  const name = subject.slice(subjectOf('').length);
  const { problem } = decoded;
  const order = standInFor(data, { name, problem, at: time.getTime() });
  return { ...(order && { order }), unread: { name, problem, holds: order !== undefined } };
}

function subjectOf(name: string): string {
  return bucketSubject(buckets.orders, `order.${name}`);
}
