import assert from 'node:assert/strict';
import { test } from 'node:test';
import { condition, mergeConditions, readiness } from './conditions.ts';

const before = Date.UTC(2026, 0, 1, 10, 0, 0, 123);
const now = Date.UTC(2026, 0, 1, 11);
const refusal = { reason: 'Pending', message: 'not published yet' } as const;

test('the transition time stays while the status stays, though reason and message change', () => {
  const current = mergeConditions(undefined, [condition('Ready', refusal, '')], 1, before);
  assert.equal(current[0]?.lastTransitionTime, '2026-01-01T10:00:00Z');
  const other = { reason: 'NoReadyNodes', message: 'no nodes' } as const;
  const same = mergeConditions(current, [condition('Ready', other, '')], 2, now);
  assert.deepEqual(same, [
    { type: 'Ready', status: 'False', ...other, observedGeneration: 2, lastTransitionTime: '2026-01-01T10:00:00Z' },
  ]);
  const flipped = mergeConditions(same, [condition('Ready', undefined, 'Mail flows.')], 2, now);
  assert.equal(flipped[0]?.lastTransitionTime, '2026-01-01T11:00:00Z');
});

test('a condition that is no longer wanted is gone', () => {
  const current = mergeConditions(undefined, readiness(undefined, [refusal], ''), 1, before);
  assert.deepEqual(
    current.map(({ type }) => type),
    ['Ready', 'Reconciling'],
  );
  const healthy = mergeConditions(current, readiness(undefined, [undefined], 'Mail flows.'), 1, now);
  assert.deepEqual(
    healthy.map(({ type }) => type),
    ['Ready'],
  );
});

test('what only an edit can help is Stalled; a suspension is neither', () => {
  const stalled = readiness(undefined, [{ reason: 'SecretNotFound', message: 'm' }, refusal], '');
  assert.deepEqual(
    stalled.map(({ type, reason }) => [type, reason]),
    [
      ['Ready', 'SecretNotFound'],
      ['Stalled', 'SecretNotFound'],
    ],
  );
  const suspended = readiness({ reason: 'Suspended', message: 'incident' }, [undefined], '');
  assert.deepEqual(
    suspended.map(({ type, reason }) => [type, reason]),
    [['Ready', 'Suspended']],
  );
});
