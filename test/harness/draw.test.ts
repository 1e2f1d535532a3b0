// A seed is worth printing only if it draws the same again, whatever another part of the run drew in between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDraw } from './draw.ts';

const hundred = (draw: { next(): number }) => Array.from({ length: 100 }, () => draw.next());

test('a seed draws the same again, another one does not', () => {
  assert.deepEqual(hundred(openDraw('42')), hundred(openDraw('42')));
  assert.notDeepEqual(hundred(openDraw('42')), hundred(openDraw('43')));
});

test('a fork does not depend on what was drawn before it', () => {
  const [one, other] = [openDraw('42'), openDraw('42')];
  hundred(other);
  assert.deepEqual(hundred(one.fork('a')), hundred(other.fork('a')));
  assert.notDeepEqual(hundred(one.fork('a')), hundred(one.fork('b')));
});

test('numbers are within their bounds and use them', () => {
  const draw = openDraw('42');
  const ints = new Set(Array.from({ length: 1_000 }, () => draw.int(1, 3)));
  assert.deepEqual(ints, new Set([1, 2, 3]));
  const scaled = Array.from({ length: 1_000 }, () => draw.scaled(10, 1_000));
  assert.ok(scaled.every((number) => number >= 10 && number <= 1_000));
  assert.ok(Math.abs(scaled.filter((number) => number < 100).length - 500) < 100);
  const among = Array.from({ length: 1_000 }, () =>
    draw.among([
      [9, 'often'],
      [1, 'seldom'],
    ]),
  );
  assert.ok(Math.abs(among.filter((word) => word === 'often').length - 900) < 60);
});
