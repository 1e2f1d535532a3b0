// Where NATS was struck a moment ago, it explains nearly any second copy: part of a run goes without, and has more orderly stops.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDraw } from './draw.ts';
import { drawBlow } from './random-kills.ts';

const counted = (isNatsCalm: boolean) => {
  const draw = openDraw('blows');
  const blows = Array.from({ length: 1_000 }, () => drawBlow(draw, isNatsCalm));
  return (wanted: Partial<(typeof blows)[number]>) =>
    blows.filter(({ kind, how }) => kind === (wanted.kind ?? kind) && how === (wanted.how ?? how)).length;
};

test('while nats-server is left alone it is not struck, and nodes are stopped in order instead', () => {
  const [calm, usual] = [counted(true), counted(false)];
  assert.equal(calm({ kind: 'nats-server' }), 0);
  assert.ok(usual({ kind: 'nats-server' }) > 150);
  assert.equal(
    calm({ kind: 'node', how: 'stopped' }),
    usual({ kind: 'node', how: 'stopped' }) + usual({ kind: 'nats-server' }),
  );
  assert.equal(calm({ kind: 'node', how: 'killed' }), usual({ kind: 'node', how: 'killed' }));
});
