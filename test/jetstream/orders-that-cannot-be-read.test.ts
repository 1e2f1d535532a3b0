// Orders that a newer program, or a hand, put into the bucket: they are told apart, what they may be about is held, and they can be
// taken back by name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order, Orders } from '@relayfleet/contract/order.ts';
import { openOrderBook, watchOrders } from '@relayfleet/jetstream/orders.ts';
import { startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

const platform = { namespace: 'shop', name: 'orders' };
const readable: Order = { v: 1, kind: 'drop', name: 'drop-1', filter: { platform }, reason: '', at: 1, bounce: false };

test('an order that cannot be read is not passed over', async (t) => {
  const server = await startQueue(t);
  const keeper = await server.connect('keeper');
  const book = openOrderBook(keeper);
  const put = async (name: string, order: object) => {
    await keeper.nc.request(`$KV.orders.order.${name}`, JSON.stringify(order), { timeout: 5_000 });
  };
  await book.put(readable);
  await put('newer', { ...readable, name: 'newer', filter: { platform, subject: 'x' } });
  await put('unheard-of', { ...readable, name: 'unheard-of', kind: 'pause' });

  let seen: Orders | undefined;
  const node = await server.connect('node');
  t.after(watchOrders(node, (standing, unread) => (seen = { standing, unread })));
  const { standing, unread } = await until('the orders', () => seen);
  assert.deepEqual(standing[0], readable);
  const { at, reason, ...standIn } = standing[1]!;
  assert.deepEqual(standIn, { v: 1, kind: 'hold', name: 'newer', filter: { platform } });
  assert.match(reason, /^to be safe: an order to drop that cannot be read here \(filter: .*subject/);
  assert.ok(Math.abs(Date.now() - at) < 60_000, 'since it was stored');
  assert.deepEqual(
    unread.map(({ name, holds }) => [name, holds]),
    [
      ['newer', true],
      ['unheard-of', false],
    ],
  );
  assert.deepEqual(await book.read(), seen);
  assert.deepEqual(await book.list(), standing);

  await book.withdraw('newer');
  await until('its withdrawal', () => seen?.standing.length === 1 && seen.unread.length === 1);
});
