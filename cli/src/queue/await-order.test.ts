import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '@relayfleet/contract/order.ts';
import { untilCarriedOut } from './await-order.ts';

const order: Order = { v: 1, kind: 'retry', held: false, name: 'retry-1', filter: {}, reason: '', at: 1 };

/** What `list` gives, look by look; the last one stays. */
async function wait(looks: readonly (readonly Order[] | 'away')[], left: (look: number) => number = () => 1) {
  const said: string[] = [];
  const stop = new AbortController();
  let look = 0;
  const end = await untilCarriedOut({
    book: {
      list: async () => {
        const seen = looks[Math.min(look++, looks.length - 1)];
        if (seen === 'away' || seen === undefined) throw new Error('NATS is away');
        return seen;
      },
    },
    names: ['retry-1'],
    left: async () => left(look),
    say: (text) => said.push(text),
    stop: stop.signal,
    pause: async () => {
      if (look > 200) stop.abort();
    },
  });
  return { end, said, looks: look };
}

test('an order that is no longer in force was carried out', async () => {
  const { end, looks } = await wait([[order], [order], []]);
  assert.deepEqual([end, looks], ['done', 3]);
});

test('a NATS that is away carried nothing out', async () => {
  assert.deepEqual(await wait([[order], 'away', 'away', [order], []]).then(({ end, looks }) => [end, looks]), [
    'done',
    5,
  ]);
});

test('progress is told where there is some, and standing still is told once', async () => {
  const moving = await wait([...Array.from({ length: 12 }, () => [order]), []], (look) => 100 - look);
  assert.deepEqual(moving.said, ['96 left\n', '92 left\n', '88 left\n']);
  const stuck = await wait([[order]]);
  assert.equal(stuck.end, 'interrupted');
  assert.equal(stuck.said.filter((text) => text.includes('is the operator running')).length, 1);
});
