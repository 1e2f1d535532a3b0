// A second copy is excused by a blow that can have caused it, and by no other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeOf, duplicatesPerBlow, inHand, unexplained } from './duplicate-causes.ts';
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
  ['it is killed when the first is long on record', { at: 115_000, part: 'node-1', how: 'killed' }, false],
  ['who brought the first is paused meanwhile', { at: 100_001, part: 'node-1', how: 'paused', forMs: 20_000 }, true],
  ['too shortly to lose it', { at: 100_001, part: 'node-1', how: 'paused', forMs: 5_000 }, false],
  ['who brought the second wakes up', { at: 70_000, part: 'node-2', how: 'paused', forMs: 40_000 }, true],
  ['it woke up long ago', { at: 10_000, part: 'node-2', how: 'paused', forMs: 20_000 }, false],
  ['who brought the first stops in order', { at: 100_001, part: 'node-1', how: 'stopped' }, false],
  ['NATS is killed while it is recorded', { at: 99_000, part: 'nats-server', how: 'killed' }, true],
  ['NATS was killed long ago', { at: 50_000, part: 'nats-server', how: 'killed' }, false],
  ['NATS is killed when the first is long on record', { at: 115_000, part: 'nats-server', how: 'killed' }, false],
  ['the machine stood still', { at: 50_000, part: 'machine', how: 'paused', forMs: 10_000 }, true],
  ['the operator is killed', { at: 100_001, part: 'operator', how: 'killed' }, false],
];

for (const [what, blow, excuses] of blows)
  test(what, () => assert.equal(causeOf(duplicate, [blow]), excuses ? blow : undefined));

test('no blow, no cause', () => assert.equal(causeOf(duplicate, []), undefined));

test('what befalls somebody after both copies is no cause of the second', () => {
  const soon = { ...duplicate, second: { at: 102_000, by: 'node-2' } };
  assert.equal(causeOf(soon, [{ at: 103_000, part: 'node-1', how: 'killed' }]), undefined);
});

test('where nobody saw who brought it, any node may have, and the operator may not', () => {
  const unseen = { ...duplicate, first: { at: 100_000, by: undefined } };
  const of = (part: string): Blow => ({ at: 100_001, part, how: 'killed' });
  assert.deepEqual(causeOf(unseen, [of('node-3')]), of('node-3'));
  assert.equal(causeOf(unseen, [of('operator')]), undefined);
});

for (const blow of [
  { at: 100_001, part: 'node-1', how: 'killed' },
  { at: 99_000, part: 'nats-server', how: 'killed' },
  { at: 100_001, part: 'nats-server', how: 'paused', forMs: 30_000 },
  { at: 90_000, part: 'machine', how: 'paused', forMs: 12_000 },
] as const)
  test(`a second copy minutes after ${blow.part} was ${blow.how} is not of that`, () => {
    const late = { ...duplicate, second: { at: 450_000, by: 'node-2' } };
    assert.equal(causeOf(late, [blow]), undefined);
  });

test('duplicates are counted by kind of blow, and by blow', () => {
  const blows: readonly Blow[] = [
    { at: 100_001, part: 'node-1', how: 'killed' },
    { at: 200_000, part: 'node-2', how: 'killed' },
    { at: 300_000, part: 'nats-server', how: 'stopped' },
  ];
  const uncaused = { ...duplicate, first: { at: 1, by: 'node-3' } };
  assert.deepEqual(duplicatesPerBlow([duplicate, duplicate, uncaused], blows), [
    'node killed: 2 by 2, at most 2 by one',
    'nats-server stopped: 0 by 1',
  ]);
});

const copies = (mails: number) =>
  Array.from({ length: mails }, (_, n) => ({ ...duplicate, what: `m${n} to someone@example.net` }));

test('one blow explains no more mails than can have been in hand, of one node or of all', () => {
  const kill = { at: 100_001, part: 'node-1', how: 'killed' } as const;
  const nats = { at: 99_000, part: 'nats-server', how: 'killed' } as const;
  for (const [blows, most] of [
    [[kill], inHand],
    [[nats], 3 * inHand],
    [[kill, nats], 4 * inHand],
    [[], 0],
  ] as const) {
    assert.deepEqual(unexplained(copies(most), blows, 3), []);
    assert.equal(unexplained(copies(most + 2), blows, 3).length, 2);
  }
});

test('the recipients of one mail count once', () => {
  const recipients = copies(inHand).flatMap((one) => [one, { ...one, what: one.what.replace('someone', 'another') }]);
  assert.deepEqual(unexplained(recipients, [{ at: 100_001, part: 'node-1', how: 'killed' }], 3), []);
});

test('what comes twice by an orderly stop is explained by nothing while NATS is left alone, and by its blow later', () => {
  const stop = { at: 100_001, part: 'node-1', how: 'stopped' } as const;
  const nats = (at: number) => ({ at, part: 'nats-server', how: 'killed' }) as const;
  assert.deepEqual(unexplained([duplicate], [stop, nats(111_000)], 3), [duplicate]);
  assert.deepEqual(unexplained([duplicate], [stop, nats(101_000)], 3), []);
});
