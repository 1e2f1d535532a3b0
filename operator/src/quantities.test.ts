import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, milliseconds } from './quantities.ts';

test('durations add up their parts', () => {
  assert.equal(milliseconds('120h'), 432_000_000);
  assert.equal(milliseconds('1h30m5s'), 5_405_000);
});

test('sizes are powers of 1024', () => {
  assert.equal(bytes('512Mi'), 536_870_912);
  assert.equal(bytes('10Gi'), 10_737_418_240);
  assert.equal(bytes('1Ti'), 1_099_511_627_776);
});
