import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './durations.ts';

test('durations add up; what is none is refused', () => {
  for (const [text, ms] of [
    ['90s', 90_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['3d', 259_200_000],
    ['0s', 0],
  ] as const)
    assert.equal(parseDuration(text), ms, text);
  for (const text of ['', '2', 'h', '2 h', '-2h', '1.5h', '2w', '1e3s', '9999999s'])
    assert.equal(parseDuration(text), undefined, text);
});
