import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import type { Condition } from '@relayfleet/contract/conditions.ts';
import { conditionChanges } from './condition-changes.ts';

function platform(conditions: readonly Partial<Condition>[]): SenderPlatform {
  const whole = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: 'Mail flows.',
    lastTransitionTime: '',
  } as const;
  return {
    apiVersion: 'relayfleet.io/v1alpha1',
    kind: 'SenderPlatform',
    metadata: { namespace: 'shop', name: 'orders', uid: 'u', generation: 1, creationTimestamp: '2026-11-02T10:00:00Z' },
    spec: { domainRefs: [], purpose: 'Transactional', auth: { type: 'Password' }, suspended: false },
    status: { conditions: conditions.map((condition) => ({ ...whole, ...condition })) },
  };
}

const ready = platform([{}]);
const suspended = platform([{ status: 'False', reason: 'Suspended', message: 'spec.suspended is true' }]);

test('a change is told with where it came from, why, and the way back', () => {
  assert.deepEqual(conditionChanges([ready], [suspended]), [
    'SenderPlatform shop/orders  Ready True -> False (Suspended): spec.suspended is true',
  ]);
  assert.deepEqual(conditionChanges([suspended], [ready]), ['SenderPlatform shop/orders  Ready False -> True']);
});

test('what is not True and says something else is news; another wording of True is not', () => {
  const other = platform([{ status: 'False', reason: 'Suspended', message: 'by an incident tool' }]);
  assert.deepEqual(conditionChanges([suspended], [other]), [
    'SenderPlatform shop/orders  Ready False (Suspended): by an incident tool',
  ]);
  assert.deepEqual(conditionChanges([ready], [platform([{ message: 'Mail flows well.' }])]), []);
  assert.deepEqual(conditionChanges([suspended], [suspended]), []);
});

test('objects come and go', () => {
  assert.deepEqual(conditionChanges([], [ready]), ['SenderPlatform shop/orders  Ready True']);
  assert.deepEqual(conditionChanges([ready], []), ['SenderPlatform shop/orders  removed']);
});
