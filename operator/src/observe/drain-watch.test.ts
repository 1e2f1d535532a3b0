import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '@relayfleet/contract/order.ts';
import type { WantedDrain } from '../plan.ts';
import { createDrainWatch } from './drain-watch.ts';

const drain: WantedDrain = { kind: 'RelayDomain', uid: 'u', filter: { domain: 'a.test' }, closed: true, drop: false };

/** A queue of numbers, and sleeps that end when the test says so. */
function setUp() {
  const stage = { left: 2, away: false, looks: 0, changes: 0, orders: [] as Order[] };
  const sleepers: (() => void)[] = [];
  const watch = createDrainWatch({
    now: () => 1_000,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        sleepers.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
    onChange: () => (stage.changes += 1),
  });
  const stop = new AbortController();
  const queue = {
    async count() {
      stage.looks += 1;
      if (stage.away) throw new Error('no answer');
      return stage.left;
    },
    orders: async () => stage.orders,
    putOrder: async (order: Order) => void stage.orders.push(order),
  };
  const ended = watch.run(queue, stop.signal);
  const turn = async () => {
    for (const resolve of sleepers.splice(0)) resolve();
    await new Promise(setImmediate);
    return watch.observations().get('u');
  };
  return { watch, stage, turn, end: () => (stop.abort(), ended) };
}

test('nothing is asked while nothing is wanted', async () => {
  const { watch, stage, turn, end } = setUp();
  await turn();
  assert.equal(stage.looks, 0);
  watch.want([drain]);
  assert.deepEqual(await turn(), { entries: 2, emptyLooks: 0 });
  watch.want([]);
  assert.equal(await turn(), undefined);
  await end();
});

test('looks that find nothing are counted in a row, and told only where something changed', async () => {
  const { watch, stage, turn, end } = setUp();
  watch.want([drain]);
  await turn();
  stage.left = 0;
  assert.deepEqual(await turn(), { entries: 0, emptyLooks: 1 });
  stage.left = 1;
  assert.deepEqual(await turn(), { entries: 1, emptyLooks: 0 });
  stage.left = 0;
  await turn();
  assert.deepEqual(await turn(), { entries: 0, emptyLooks: 2 });
  const { changes } = stage;
  assert.deepEqual(await turn(), { entries: 0, emptyLooks: 2 });
  assert.equal(stage.changes, changes);
  await end();
});

test('while somebody may take mail for it, an empty queue counts for nothing', async () => {
  const { watch, stage, turn, end } = setUp();
  stage.left = 0;
  watch.want([{ ...drain, closed: false }]);
  for (let i = 0; i < 3; i++) assert.deepEqual(await turn(), { entries: 0, emptyLooks: 0 });
  watch.want([drain]);
  assert.deepEqual(await turn(), { entries: 0, emptyLooks: 1 });
  await end();
});

test('a look that failed is no look: what was known before is known no more', async () => {
  const { watch, stage, turn, end } = setUp();
  stage.left = 0;
  watch.want([drain]);
  await turn();
  await turn();
  stage.away = true;
  assert.equal(await turn(), undefined);
  stage.away = false;
  assert.deepEqual(await turn(), { entries: 0, emptyLooks: 1 });
  await end();
});

test('the order to drop is given once, about what was accepted by then, and again when it was withdrawn too early', async () => {
  const { watch, stage, turn, end } = setUp();
  watch.want([{ ...drain, drop: true }]);
  await turn();
  await turn();
  assert.deepEqual(stage.orders, [
    {
      v: 1,
      kind: 'drop',
      name: 'drain-u',
      filter: { domain: 'a.test', acceptedBefore: 1_000 },
      reason: 'its RelayDomain was deleted with relayfleet.io/on-delete: drop',
      at: 1_000,
      bounce: false,
    },
  ]);
  stage.orders.length = 0;
  await turn();
  assert.equal(stage.orders.length, 1);
  stage.left = 0;
  stage.orders.length = 0;
  await turn();
  assert.deepEqual(stage.orders, [], 'nothing is left to be dropped');
  await end();
});
