import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { derivedMailId, isMailId, mailIdTime, newMailId } from './mail-id.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.uint8Array({ minLength: 10, maxLength: 10 });

test('an id is well formed and tells its millisecond', () => {
  fc.assert(
    fc.property(time, random, (now, bytes) => {
      const id = newMailId(now, () => bytes);
      assert.ok(isMailId(id), id);
      assert.equal(mailIdTime(id), now);
    }),
  );
});

test('ids sort by time', () => {
  fc.assert(
    fc.property(time, time, random, random, (a, b, bytesA, bytesB) => {
      fc.pre(a < b);
      assert.ok(newMailId(a, () => bytesA) < newMailId(b, () => bytesB));
    }),
  );
});

test('every random bit counts', () => {
  fc.assert(
    fc.property(time, random, fc.nat(79), (now, bytes, bit) => {
      const other = Uint8Array.from(bytes);
      other[bit >> 3]! ^= 1 << (bit & 7);
      assert.notEqual(
        newMailId(now, () => bytes),
        newMailId(now, () => other),
      );
    }),
  );
});

test('a derived id is the same on every call and another for another cause', () => {
  const digest = (cause: string) => createHash('sha256').update(cause).digest();
  assert.equal(derivedMailId(1, digest('a')), derivedMailId(1, digest('a')));
  assert.notEqual(derivedMailId(1, digest('a')), derivedMailId(1, digest('b')));
  assert.ok(isMailId(derivedMailId(1, digest('a'))));
});

test('what is not an id is refused', () => {
  const good = newMailId(1_700_000_000_000, () => new Uint8Array(10));
  for (const text of [
    '',
    good.slice(1),
    `${good}0`,
    good.toLowerCase(),
    `8${good.slice(1)}`,
    `${good.slice(0, 25)}U`,
    `${good}\n`,
  ])
    assert.equal(isMailId(text), false, JSON.stringify(text));
});
