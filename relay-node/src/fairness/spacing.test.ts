import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openSpacing } from './spacing.ts';

const limits = { perSlot: 3, slotMs: 10, longestMs: 100, destinations: 2 };

test('a slot takes so many retries, and those beyond it have the next slot, each at its place', () => {
  const { failed } = openSpacing({ now: () => 0, limits });
  assert.deepEqual(
    [41, 42, 43, 44, 45, 46, 47].map((due) => failed('a', due)),
    [41, 42, 43, 54, 55, 56, 67],
  );
});

test('a retry is put off by the longest time at most, however many there are', () => {
  const { failed } = openSpacing({ now: () => 0, limits });
  const given = Array.from({ length: 200 }, () => failed('a', 5));
  assert.equal(Math.max(...given), 105);
});

test('one destination’s retries leave another’s where they are', () => {
  const { failed } = openSpacing({ now: () => 0, limits });
  for (let n = 0; n < 10; n++) failed('a', 5);
  assert.equal(failed('b', 5), 5);
});

test('a destination that answered begins anew, and tells whether retries had been put off', () => {
  const { failed, answered } = openSpacing({ now: () => 0, limits });
  for (let n = 0; n < 3; n++) failed('a', 5);
  assert.equal(answered('a'), false);
  for (let n = 0; n < 4; n++) failed('a', 5);
  assert.equal(answered('a'), true);
  assert.deepEqual([failed('a', 5), answered('b')], [5, false]);
});

test('destinations are forgotten once their slots are over, and only so many are followed', () => {
  let now = 0;
  const { failed } = openSpacing({ now: () => now, limits });
  const fourth = (name: string, due: number) => Array.from({ length: 4 }, () => failed(name, due)).at(-1);
  assert.deepEqual([fourth('a', 5), fourth('b', 5), fourth('c', 5)], [15, 15, 5]);
  now = 30;
  assert.equal(fourth('c', 35), 45);
});

test('never before the schedule, never more in a slot than it takes while there is room', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 60 }), (dues) => {
      const roomy = { ...limits, longestMs: 10_000 };
      const { failed } = openSpacing({ now: () => 0, limits: roomy });
      const given = dues.map((due) => failed('a', due));
      const slots = Map.groupBy(given, (at) => Math.floor(at / limits.slotMs));
      assert.ok(given.every((at, i) => at >= dues[i]!));
      assert.ok([...slots.values()].every((list) => list.length <= limits.perSlot));
    }),
  );
});
