import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetPolicy, platformPolicy, snapshotOf } from '../../../test/harness/snapshot.ts';
import { retryPolicyOf } from './retry-policy.ts';
import { standardDelays, standardLateMs } from './schedule.ts';

const mail = { platform: { namespace: 'shop', name: 'orders' }, kind: 'mail' } as const;
const plain = { retryDelays: [] };
const minute = 60_000;

test('a platform that says nothing retries as its fleet, and a fleet that says nothing as the standard', () => {
  const standard = snapshotOf({ fleet: fleetPolicy({ retry: { maxAgeMs: 9 * minute } }) });
  assert.deepEqual(retryPolicyOf(standard, mail, plain), {
    maxAgeMs: 9 * minute,
    delays: standardDelays,
    lateMs: standardLateMs,
  });
  const retry = { maxAgeMs: 9 * minute, delaysMs: [minute, 2 * minute], lateMs: 3 * minute };
  assert.deepEqual(retryPolicyOf(snapshotOf({ fleet: fleetPolicy({ retry }) }), mail, plain), {
    maxAgeMs: 9 * minute,
    delays: [minute, 2 * minute],
    lateMs: 3 * minute,
  });
});

test('what a platform says counts for its mail, each part by itself, and for nobody else’s', () => {
  const fleet = fleetPolicy({ retry: { maxAgeMs: 100 * minute, delaysMs: [minute] } });
  const by = (retry: { maxAgeMs?: number; delaysMs?: number[] }) =>
    snapshotOf({ fleet, platforms: [platformPolicy({ retry })] });
  assert.equal(retryPolicyOf(by({ maxAgeMs: 5 * minute }), mail, plain).maxAgeMs, 5 * minute);
  assert.deepEqual(retryPolicyOf(by({ maxAgeMs: 5 * minute }), mail, plain).delays, [minute]);
  assert.deepEqual(retryPolicyOf(by({ delaysMs: [10_000] }), mail, plain).delays, [10_000]);
  assert.equal(retryPolicyOf(by({ delaysMs: [10_000] }), mail, plain).maxAgeMs, 100 * minute);
  const another = { ...mail, platform: { namespace: 'shop', name: 'other' } };
  assert.equal(retryPolicyOf(by({ maxAgeMs: 5 * minute }), another, plain).maxAgeMs, 100 * minute);
  const namesake = { ...mail, platform: { namespace: 'rival', name: 'orders' } };
  assert.equal(retryPolicyOf(by({ maxAgeMs: 5 * minute }), namesake, plain).maxAgeMs, 100 * minute);
});

test('the fleet has the last word on how long mail may wait', () => {
  const fleet = fleetPolicy({ retry: { maxAgeMs: minute } });
  const snapshot = snapshotOf({ fleet, platforms: [platformPolicy({ retry: { maxAgeMs: 5 * minute } })] });
  assert.equal(retryPolicyOf(snapshot, mail, plain).maxAgeMs, minute);
});

test('a notice is tried as long as the fleet says, whatever its platform wants for its mail', () => {
  const snapshot = snapshotOf({ platforms: [platformPolicy({ retry: { maxAgeMs: minute, delaysMs: [10_000] } })] });
  const { maxAgeMs, delays } = retryPolicyOf(snapshot, { ...mail, kind: 'dsn' }, plain);
  assert.equal(maxAgeMs, snapshot.fleet.retry.maxAgeMs);
  assert.deepEqual(delays, standardDelays);
});

test('no time at all means that nobody is told of delays', () => {
  const fleet = fleetPolicy({ retry: { maxAgeMs: 5 * minute, lateMs: 0 } });
  assert.equal(retryPolicyOf(snapshotOf({ fleet }), mail, plain).lateMs, Infinity);
});

test('what the node was started with goes before every policy', () => {
  const snapshot = snapshotOf({ platforms: [platformPolicy({ retry: { delaysMs: [10_000] } })] });
  const { delays, lateMs } = retryPolicyOf(snapshot, mail, { retryDelays: [1, 2], lateMs: 3 });
  assert.deepEqual([delays, lateMs], [[1, 2], 3]);
});
