// A second copy is excused by a blow that can have caused it, and by no other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeOf } from './duplicate-causes.ts';
import type { Blow } from './random-kills.ts';

const duplicate = {
  what: 'm1 to someone@example.net',
  first: { at: 100_000, by: 'node-1' },
  second: { at: 131_000, by: 'node-2' },
};

const blows: readonly (readonly [what: string, blow: Blow, excuses: boolean])[] = [
  ['who brought the first is killed', { at: 100_001, part: 'node-1', how: 'killed' }, true],
  ['it was killed before', { at: 99_999, part: 'node-1', how: 'killed' }, false],
  ['it is killed when both are there', { at: 131_001, part: 'node-1', how: 'killed' }, false],
  ['another one is killed', { at: 100_001, part: 'node-3', how: 'killed' }, false],
  ['who brought the second is killed', { at: 100_001, part: 'node-2', how: 'killed' }, false],
  ['who brought the first is paused meanwhile', { at: 100_001, part: 'node-1', how: 'paused', forMs: 5_000 }, true],
  ['who brought the second wakes up', { at: 70_000, part: 'node-2', how: 'paused', forMs: 40_000 }, true],
  ['it woke up long ago', { at: 10_000, part: 'node-2', how: 'paused', forMs: 20_000 }, false],
  ['who brought the first stops in order', { at: 100_001, part: 'node-1', how: 'stopped' }, false],
  ['NATS is killed while it is recorded', { at: 99_000, part: 'nats-server', how: 'killed' }, true],
  ['NATS was killed long ago', { at: 60_000, part: 'nats-server', how: 'killed' }, false],
  ['the machine stood still', { at: 50_000, part: 'machine', how: 'paused', forMs: 10_000 }, true],
  ['the operator is killed', { at: 100_001, part: 'operator', how: 'killed' }, false],
];

for (const [what, blow, excuses] of blows)
  test(what, () => assert.equal(causeOf(duplicate, [blow]), excuses ? blow : undefined));
