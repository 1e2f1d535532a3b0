import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeOrder, encodeOrder, type Order } from '@relayfleet/contract/order.ts';
import { createAnswering } from './answering.ts';

function setUp() {
  const orders: Order[] = [];
  const state = { now: 0, fails: false };
  const put = async (order: Order) => {
    if (state.fails) throw new Error('no answer');
    orders.push(order);
  };
  const bringForward = createAnswering({ put, now: () => 1_000 + state.now, monotonic: () => state.now });
  const hear = (destination: string, domain = 'shop.test') => bringForward({ domain, destination });
  return { orders, state, hear };
}

test('a destination that answers has its waiting mail brought forward, by an order anybody can read', async () => {
  const { orders, hear } = setUp();
  await hear('example.net');
  assert.equal(orders.length, 1);
  const read = decodeOrder(encodeOrder(orders[0]!));
  assert.deepEqual(read.ok && [read.value.kind, read.value.filter], [
    'retry',
    { domain: 'shop.test', destination: 'example.net' },
  ]);
});

test('said by several nodes it is one order, and a host that comes and goes has one every five minutes', async () => {
  const { orders, state, hear } = setUp();
  for (const at of [0, 10, 299_999, 300_000, 300_001]) {
    state.now = at;
    await hear('a');
  }
  await hear('b');
  await hear('a', 'other.test');
  assert.deepEqual(
    orders.map(({ filter, at }) => [filter.domain, filter.destination, at]),
    [
      ['shop.test', 'a', 1_000],
      ['shop.test', 'a', 301_000],
      ['shop.test', 'b', 301_001],
      ['other.test', 'a', 301_001],
    ],
  );
  assert.equal(new Set(orders.slice(1).map(({ name }) => name)).size, 3);
});

test('an order that could not be put is tried at the next word', async () => {
  const { orders, state, hear } = setUp();
  state.fails = true;
  await hear('a');
  state.fails = false;
  await hear('a');
  assert.equal(orders.length, 1);
});
