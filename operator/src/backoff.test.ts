import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from './backoff.ts';

test('doubles up to the longest wait, stretched by chance, and begins anew', () => {
  let chance = 0;
  const backoff = createBackoff({ baseMs: 800, maxMs: 5_000, random: () => chance });
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => backoff.next()),
    [800, 1600, 3200, 5000, 5000],
  );
  chance = 0.5;
  assert.equal(backoff.next(), 7500);
  backoff.reset();
  assert.equal(backoff.next(), 1200);
  for (let failures = 0; failures < 5_000; failures++) assert.ok(Number.isFinite(backoff.next()));
});
