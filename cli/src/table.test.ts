import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageWords, table } from './table.ts';

test('columns line up and lines end without blanks', () => {
  assert.equal(
    table(
      ['NAME', 'READY'],
      [
        ['a', 'True'],
        ['longer', ''],
      ],
    ),
    'NAME     READY\na        True\nlonger\n',
  );
});

test('ages are told as kubectl tells them', () => {
  const minute = 60_000;
  assert.deepEqual(
    [0, 119_000, 2 * minute, 119 * minute, 120 * minute, 47 * 60 * minute, 48 * 60 * minute].map(ageWords),
    ['0s', '119s', '2m', '119m', '2h', '47h', '2d'],
  );
  assert.equal(ageWords(-5), '0s');
});
