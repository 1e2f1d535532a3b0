// What an API server does for a deleted object, the file provider does: a RelayFleet whose manifest is gone stays until its nodes
// have the withdrawal. Its Secrets may go with it, and the operator may die in between.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../harness/until.ts';
import type { Seen } from './bucket-view.ts';
import { startMachine, usualObjects, type Machine } from './machine.ts';

const isWithdrawn = ({ snapshot }: Seen) => snapshot.fleet.suspended?.reason === 'its RelayFleet was deleted';
const record = ({ state }: Machine) => existsSync(join(state, 'objects/RelayFleet/relayfleet-system.default.json'));
const keys = ({ state }: Machine) => existsSync(join(state, 'secrets/relayfleet-system/default-keys.yaml'));

async function served(machine: Machine) {
  machine.apply(...usualObjects);
  const operator = await machine.startOperator();
  await machine.untilSeen('a snapshot with the platform', ({ snapshot }) => snapshot.platforms.size === 1);
  await machine.acknowledge('n');
  return operator;
}

test('a fleet deleted together with its NATS users is withdrawn over the connection that is open', async (t) => {
  const machine = await startMachine(t);
  await served(machine);
  machine.applyUsers();
  machine.apply();
  const { snapshot } = await machine.untilSeen('the withdrawal', isWithdrawn);
  assert.equal(snapshot.platforms.size, 1, 'all else is as it was');
  assert.ok(record(machine) && keys(machine), 'it waits for the node');
  await machine.acknowledge('n');
  await until('it is gone, and its Secrets with it', () => !record(machine) && !keys(machine));
});

test('an operator that dies meanwhile goes on where it was; the fleet applied again is above it', async (t) => {
  const machine = await startMachine(t);
  const operator = await served(machine);
  machine.apply(...usualObjects.slice(1));
  const { manifest } = await machine.untilSeen('the withdrawal', isWithdrawn);
  await operator.stop('SIGKILL');
  await machine.startOperator();
  await machine.acknowledge('n');
  await until('it is gone', () => !record(machine));
  machine.apply(...usualObjects);
  const again = await machine.untilSeen('its successor', (seen) => seen.snapshot.fleet.suspended === null);
  assert.ok(again.manifest.generation > manifest.generation);
});
