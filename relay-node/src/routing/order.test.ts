import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Smarthost } from '@relayfleet/contract/snapshot.ts';
import { byPriority } from './order.ts';

const smarthost = (host: string, rank: Pick<Smarthost, 'priority' | 'weight'> = {}): Smarthost => ({
  host,
  port: 25,
  implicitTls: false,
  tls: 'Require',
  ...rank,
});
const names = (hosts: readonly Smarthost[]) => hosts.map(({ host }) => host);
const dice = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
const roll = (rolls: { next(): { value: number } }) => () => rolls.next().value;
const ranked = fc.array(
  fc.record({ priority: fc.integer({ min: 0, max: 3 }), weight: fc.integer({ min: 0, max: 65_535 }) }),
  { minLength: 1, maxLength: 8 },
);

test('without priorities the order is that of the list, whatever the randomness', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), dice, (count, rolls) => {
      const list = Array.from({ length: count }, (_, i) => smarthost(`h${i}`));
      assert.deepEqual(byPriority(list, roll(rolls)), list);
    }),
  );
});

test('every host comes once, lower priorities first, and a weight of 0 after the others of its priority', () => {
  fc.assert(
    fc.property(ranked, dice, (ranks, rolls) => {
      const list = ranks.map((rank, i) => smarthost(`h${i}`, rank));
      const order = byPriority(list, roll(rolls));
      assert.deepEqual(names(order).toSorted(), names(list).toSorted());
      const places = order.map(({ priority = 0, weight = 1 }) => priority * 2 + (weight === 0 ? 1 : 0));
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
      );
    }),
  );
});

/** How often each host comes first when the dice fall evenly. */
function shares(list: readonly Smarthost[], throws = 1_000): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < throws; i++) {
    const first = byPriority(list, () => (i + 0.5) / throws)[0]!.host;
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

test('the first of a priority is drawn in proportion to its weight', () => {
  const [a, b, c] = [1, 3, 6].map((weight, i) => smarthost('abc'[i]!, { priority: 0, weight }));
  assert.deepEqual(shares([a!, b!, c!]), { a: 100, b: 300, c: 600 });
  const equal = ['a', 'b'].map((host) => smarthost(host, { priority: 5, weight: 1 }));
  assert.deepEqual(shares(equal), { a: 500, b: 500 });
});

test('where all weights are 0, all have the same chance', () => {
  const list = ['a', 'b'].map((host) => smarthost(host, { priority: 0, weight: 0 }));
  assert.deepEqual(shares(list), { a: 500, b: 500 });
});

test('who is left is drawn in proportion too', () => {
  const list = [8, 1, 1].map((weight, i) => smarthost('abc'[i]!, { priority: 0, weight }));
  const rolls = [0.1, 0.6];
  assert.deepEqual(names(byPriority(list, () => rolls.shift() ?? 0)), ['a', 'c', 'b']);
});
