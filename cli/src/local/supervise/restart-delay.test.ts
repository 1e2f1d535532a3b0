import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartDelay } from './restart-delay.ts';

test('the first restart is quick, later ones ever slower, never more than ten seconds apart', () => {
  const delays = Array.from({ length: 12 }, (_, n) => restartDelay(n + 1));
  assert.equal(delays[0], 250);
  assert.deepEqual(
    delays,
    delays.toSorted((a, b) => a - b),
  );
  assert.equal(delays.at(-1), 10_000);
});
