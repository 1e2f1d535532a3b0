import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openSpacing, type Spacing } from './spacing.ts';

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
  const given = Array.from({ length: 110 }, () => failed('a', 5));
  assert.equal(Math.max(...given), 105);
  const slots = Map.groupBy(given, (at) => Math.floor(at / limits.slotMs));
  assert.deepEqual(
    new Set([...slots.values()].map(({ length }) => length)),
    new Set([10]),
    'and no slot gets them all',
  );
});

test('one destination’s retries leave another’s where they are', () => {
  const { failed } = openSpacing({ now: () => 0, limits });
  for (let n = 0; n < 10; n++) failed('a', 5);
  assert.equal(failed('b', 5), 5);
});

test('a destination that answered and had retries put off begins anew, and that is told once', () => {
  const { failed, answered } = openSpacing({ now: () => 0, limits });
  for (let n = 0; n < 4; n++) failed('a', 5);
  assert.deepEqual([answered('a'), answered('a'), answered('b')], [true, false, false]);
  assert.equal(failed('a', 5), 5);
});

test('a destination that answers between its failures is spaced all the same', () => {
  const { failed, answered } = openSpacing({ now: () => 0, limits });
  const given = Array.from({ length: 4 }, () => {
    assert.equal(answered('a'), false);
    return failed('a', 5);
  });
  assert.deepEqual(given, [5, 5, 5, 15]);
  assert.equal(answered('a'), true);
});

const fourth = (failed: Spacing['failed'], name: string, due = 5) =>
  Array.from({ length: 4 }, () => failed(name, due)).at(-1);

test('only so many destinations are followed, and they are forgotten once their slots are over', () => {
  let now = 0;
  const { failed } = openSpacing({ now: () => now, limits });
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => fourth(failed, name)),
    [15, 15, 5],
  );
  now = 30;
  assert.equal(fourth(failed, 'c', 35), 45);
});

test('a destination that never needed it makes room for one that does', () => {
  const { failed } = openSpacing({ now: () => 0, limits });
  for (const name of ['one', 'another', 'a third']) failed(name, 1_000_000);
  assert.deepEqual([fourth(failed, 'a'), fourth(failed, 'b')], [15, 15]);
  assert.equal(fourth(failed, 'c'), 5, 'and none is followed beyond them');
});

test('what is overdue when it failed is spaced from now on', () => {
  const { failed } = openSpacing({ now: () => 1_000, limits });
  assert.deepEqual(
    [41, 42, 43, 44, 45, 46, 47].map((due) => failed('a', due)),
    [1_001, 1_002, 1_003, 1_014, 1_015, 1_016, 1_027],
  );
});

test('a clock that is set back by days leaves nothing behind; set back by a moment, it costs nothing', () => {
  const day = 86_400_000;
  let now = day;
  const { failed, answered } = openSpacing({ now: () => now, limits });
  for (const name of ['a', 'b']) fourth(failed, name, day + 5);
  now = day - 1;
  assert.equal(failed('a', day + 5), day + 15);
  now = 0;
  assert.deepEqual([fourth(failed, 'c'), fourth(failed, 'd')], [15, 15]);
  assert.equal(answered('a'), false);
});

const step = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  inMs: fc.integer({ min: -50, max: 150 }),
  passes: fc.integer({ min: -400, max: 60 }),
  answers: fc.boolean(),
});

test('whatever the clock does and whoever answers: never before the schedule, never later than the longest time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let now = 1_000_000;
      const { failed, answered } = openSpacing({ now: () => now, limits });
      for (const { name, inMs, passes, answers } of steps) {
        now += passes;
        if (answers) answered(name);
        const due = now + inMs;
        const at = failed(name, due);
        assert.ok(at >= due && at < Math.max(due, now) + limits.longestMs + limits.slotMs, `${at} for ${due}`);
      }
    }),
  );
});

test('however many fail, and whenever they are due: a slot that may be used is as full as any fuller one that was used instead', () => {
  const dues = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 150 });
  fc.assert(
    fc.property(dues, (moments) => {
      const { failed } = openSpacing({ now: () => 0, limits });
      const taken = new Map<number, number>();
      for (const due of moments) {
        const first = Math.floor(due / limits.slotMs);
        const slot = Math.floor(failed('a', due) / limits.slotMs);
        const choices = Array.from(
          { length: limits.longestMs / limits.slotMs + 1 },
          (_, n) => taken.get(first + n) ?? 0,
        );
        const before = taken.get(slot) ?? 0;
        assert.ok(before < limits.perSlot || before === Math.min(...choices), `slot ${slot} after ${choices.join()}`);
        taken.set(slot, before + 1);
      }
    }),
  );
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
