import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inTurns } from './in-turns.ts';

test('answers stand where their questions stood, and never more are asked at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5)), fc.integer({ min: 1, max: 4 }), async (turns, atOnce) => {
      let asking = 0;
      let most = 0;
      const answers = await inTurns(turns, atOnce, async (count) => {
        most = Math.max(most, ++asking);
        for (let turn = 0; turn < count; turn++) await Promise.resolve();
        asking -= 1;
        return count * 2;
      });
      assert.deepEqual(
        answers,
        turns.map((count) => count * 2),
      );
      assert.ok(most <= atOnce);
    }),
  );
});

test('a failure ends it: nothing more is asked', async () => {
  const asked: number[] = [];
  const asking = inTurns([1, 2, 3, 4], 1, async (item) => {
    asked.push(item);
    if (item === 2) throw new Error('lost');
  });
  await assert.rejects(asking, /lost/);
  assert.deepEqual(asked, [1, 2]);
});
