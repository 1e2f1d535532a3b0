import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advanceEntries, digestWhole } from './entries.ts';

test('an entry that did not change keeps the generation that first carried it', () => {
  const first = advanceEntries(
    undefined,
    new Map([
      ['domain/a', 'x'],
      ['domain/b', 'y'],
    ]),
    7,
  );
  const second = advanceEntries(
    first,
    new Map([
      ['domain/a', 'x'],
      ['domain/b', 'z'],
      ['domain/c', 'w'],
    ]),
    8,
  );
  assert.deepEqual(Object.fromEntries(second), {
    'domain/a': { digest: 'x', since: 7 },
    'domain/b': { digest: 'z', since: 8 },
    'domain/c': { digest: 'w', since: 8 },
  });
});

test('an entry that was gone for a while counts from its return', () => {
  const first = advanceEntries(undefined, new Map([['domain/a', 'x']]), 7);
  const gone = advanceEntries(first, new Map(), 8);
  assert.equal(advanceEntries(gone, new Map([['domain/a', 'x']]), 9).get('domain/a')?.since, 9);
});

test('the digest of the whole depends on every entry and not on their order', () => {
  const entries = [
    ['domain/a', 'x'],
    ['fleet', 'y'],
  ] as const;
  const whole = digestWhole(new Map(entries));
  assert.equal(digestWhole(new Map(entries.toReversed())), whole);
  assert.notEqual(digestWhole(new Map([['domain/a', 'x']])), whole);
  assert.notEqual(
    digestWhole(
      new Map([
        ['domain/a', 'y'],
        ['fleet', 'x'],
      ]),
    ),
    whole,
  );
});
