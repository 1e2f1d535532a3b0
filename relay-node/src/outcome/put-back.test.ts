import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextLook, nextTurn } from './put-back.ts';

const minute = 60_000;
const day = 1440 * minute;
const ids = fc.string({ minLength: 26, maxLength: 26 });
const moments = fc.integer({ min: 0, max: 2 ** 41 });

test('a held entry is looked at within 30 s to two and a half minutes at first, later within a third of the time held so far', () => {
  fc.assert(
    fc.property(ids, moments, fc.integer({ min: 0, max: 60 * day }), (id, heldSince, heldFor) => {
      const now = heldSince + heldFor;
      const waits = nextLook({ id, heldSince }, now) - now;
      assert.ok(
        waits > 30_000 && waits <= Math.min(30_001 + Math.max(2 * minute, heldFor / 2), 16 * minute),
        String(waits),
      );
    }),
  );
});

test('held for a day an entry is looked at some hundred times, not a thousand; the last ones a quarter of an hour apart', () => {
  const moments = [0];
  while (moments.at(-1)! < day) moments.push(nextLook({ id: 'x', heldSince: 0 }, moments.at(-1)!));
  assert.ok(moments.length > 90 && moments.length < 130, String(moments.length));
  assert.ok(moments.at(-1)! - moments.at(-2)! >= 12 * minute);
});

test('surplus comes again after 20 to 60 s, then twice as late each time, up to a quarter of an hour', () => {
  fc.assert(
    fc.property(ids, moments, fc.integer({ min: 0, max: 12 }), (id, due, pushedBack) => {
      const waits = nextTurn({ id, due, pushedBack }, due) - due;
      const [least, most] = [20_000, 60_000].map((ms) => Math.min(ms * 2 ** pushedBack, ms * 18));
      assert.ok(waits > Math.min(least!, 7 * minute) && waits <= Math.min(most! + 1, 18 * minute), String(waits));
    }),
  );
});

for (const [what, next] of Object.entries({
  'a held entry': (id: string, base: number, now: number) => nextLook({ id, heldSince: base }, now),
  surplus: (id: string, base: number, now: number) => nextTurn({ id, due: base, pushedBack: 3 }, now),
}))
  test(`${what}, put back again before that moment's last half minute, comes at the same moment: it replaces itself`, () => {
    fc.assert(
      fc.property(ids, moments, (id, base) => {
        const first = next(id, base, base + 5_000);
        assert.equal(next(id, base, base + 6_000), first);
      }),
      { numRuns: 50 },
    );
  });

test('what is put back together comes back spread', () => {
  const ids = Array.from({ length: 200 }, (_, i) => `id-${i}`);
  for (const next of [
    (id: string) => nextLook({ id, heldSince: 0 }, 0),
    (id: string) => nextLook({ id, heldSince: 0 }, day),
    (id: string) => nextTurn({ id, due: 0, pushedBack: 0 }, 0),
  ]) {
    const times = ids.map(next);
    assert.ok(Math.max(...times) - Math.min(...times) > 5_000);
    assert.ok(new Set(times).size > 100);
  }
});
