import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueStates } from '@relayfleet/jetstream/stream-states.ts';
import { levelsOf, marksAt, noMarks, type Levels, type Mark } from './admission.ts';

type State = QueueStates['streams'][number];
const state = (stream: State['stream'], changes: Partial<State> = {}): State => ({
  stream,
  messages: 0,
  bytes: 0,
  maxBytes: undefined,
  oldestAt: undefined,
  ...changes,
});
const queue = (...streams: State[]): QueueStates => ({ streams, consumers: [] });
const limits = { maxDeferred: 1_000 };

test('the fill is that of the fullest: the whole storage, mail, or bodies', () => {
  const states = queue(
    state('MQ', { bytes: 20, maxBytes: 25 }),
    state('BODY', { bytes: 11, maxBytes: 55 }),
    state('DEFER', { bytes: 9, messages: 500 }),
    state('EVT', { bytes: 5, maxBytes: 5 }), // always full, its oldest go
  );
  assert.deepEqual(levelsOf(states, { storageBytes: 100, limits }), { fill: 0.8, deferred: 0.5 });
  assert.deepEqual(levelsOf(states, { storageBytes: 50, limits }), { fill: 0.9, deferred: 0.5 });
});

test('limits that are not told are far away', () => {
  const states = queue(state('MQ', { bytes: 20 }), state('DEFER', { messages: 5_000_000 }));
  assert.deepEqual(levelsOf(states, { limits: {} }), { fill: 0, deferred: 0 });
});

const at = (levels: Partial<Levels>, ...before: readonly Mark[]) => [
  ...marksAt({ fill: 0, deferred: 0, ...levels }, new Set(before)),
];

test('bulk from 70 %, all from 80 %, bulk beyond the bound of deferred mail', () => {
  assert.deepEqual(at({ fill: 0.699 }), []);
  assert.deepEqual(at({ fill: 0.7 }), ['storeFilling']);
  assert.deepEqual(at({ fill: 0.8 }), ['storeNearlyFull', 'storeFilling']);
  assert.deepEqual(at({ deferred: 0.999 }), []);
  assert.deepEqual(at({ deferred: 1 }), ['tooManyDeferred']);
});

test('a mark once reached is left some per cent below it', () => {
  assert.deepEqual(at({ fill: 0.69 }, 'storeFilling'), ['storeFilling']);
  assert.deepEqual(at({ fill: 0.67 }, 'storeFilling'), []);
  assert.deepEqual(at({ fill: 0.77 }, 'storeNearlyFull', 'storeFilling'), ['storeNearlyFull', 'storeFilling']);
  assert.deepEqual(at({ fill: 0.76 }, 'storeNearlyFull', 'storeFilling'), ['storeFilling']);
  assert.deepEqual(at({ deferred: 0.97 }, 'tooManyDeferred'), ['tooManyDeferred']);
  assert.deepEqual(at({ deferred: 0.95 }, 'tooManyDeferred'), []);
  assert.equal(noMarks.size, 0);
});
