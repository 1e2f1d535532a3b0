import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { Condition } from '@relayfleet/contract/conditions.ts';
import { awaited, inForceWords } from './programmed.ts';

const fleetRef = { namespace: 'relayfleet-system', name: 'default' };

function condition(type: string, status: Condition['status'], reason = type, observedGeneration = 1): Condition {
  return { type, status, reason, message: 'words', lastTransitionTime: '', observedGeneration };
}

function fleet(readyReplicas: number): RelayFleet {
  const metadata = { ...fleetRef, uid: 'f', generation: 1, creationTimestamp: '' };
  return {
    kind: 'RelayFleet',
    metadata,
    status: { readyReplicas, conditions: [condition('Programmed', 'True')] },
  } as unknown as RelayFleet;
}

function domain(conditions: readonly Condition[], generation = 1): RelayDomain {
  const metadata = { namespace: 'shop', name: 'shop', uid: 'd', generation, creationTimestamp: '' };
  return { kind: 'RelayDomain', metadata, status: { conditions } } as unknown as RelayDomain;
}

test('nothing is awaited once every node is ready and every object acknowledged', () => {
  assert.deepEqual(awaited([fleet(2), domain([condition('Programmed', 'True')])], fleetRef, 2), []);
});

test('missing nodes, missing statuses and missing acknowledgements are awaited, in words', () => {
  assert.deepEqual(awaited([], fleetRef, 2), ['RelayFleet relayfleet-system/default  not read yet']);
  assert.deepEqual(awaited([fleet(1), domain([])], fleetRef, 2), [
    'RelayFleet relayfleet-system/default  1 of 2 nodes ready',
    'RelayDomain shop/shop  no conditions yet',
  ]);
  assert.deepEqual(awaited([fleet(2), domain([condition('Programmed', 'False', 'WaitingForNodes')])], fleetRef, 2), [
    'RelayDomain shop/shop  Programmed False (WaitingForNodes): words',
  ]);
  assert.deepEqual(awaited([fleet(2), domain([condition('Programmed', 'True')], 2)], fleetRef, 2), [
    'RelayDomain shop/shop  edited; not programmed yet',
  ]);
});

test('what only an edit can mend is not waited for, but told', () => {
  const refused = domain([
    condition('Accepted', 'False', 'NotAllowedByFleet'),
    condition('Programmed', 'False', 'NotAttached'),
  ]);
  const suspended = domain([
    condition('Ready', 'False', 'Suspended'),
    condition('Programmed', 'False', 'WaitingForNodes'),
  ]);
  assert.deepEqual(awaited([fleet(2), refused, suspended], fleetRef, 2), []);
  assert.match(inForceWords(refused), /RelayDomain shop\/shop +Accepted False \(NotAllowedByFleet\): words/);
  assert.match(inForceWords(suspended), /Ready False \(Suspended\)/);
});
