// Two fleets, one operator: the NATS of one is away, then comes; the other is served all the time. What stands against a fleet is
// said in its status and once in the log, without its password.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsUser } from '../harness/cluster.ts';
import { relayDomain, relayFleet, senderPlatform, type Manifest } from '../harness/manifests.ts';
import { startNats } from '../harness/nats.ts';
import { freePort } from '../harness/ports.ts';
import { until } from '../harness/until.ts';
import { startMachine } from './machine.ts';
import { statusOf } from './status-files.ts';

test('a fleet whose NATS is away holds up no other', { timeout: 120_000 }, async (t) => {
  const machine = await startMachine(t);
  const port = await freePort();
  const nats = (url: string) => ({
    url,
    operatorCredentialsRef: { name: 'nats-operator' },
    nodeCredentialsRef: { name: 'nats-node' },
  });
  const other: Manifest = {
    ...relayFleet({ nats: { ...nats(`nats://127.0.0.1:${port}`), storage: '1Gi' } }),
    metadata: { namespace: 'relayfleet-system', name: 'other' },
  };
  const fleetRefs = [
    { namespace: 'relayfleet-system', name: 'default' },
    { namespace: 'relayfleet-system', name: 'other' },
  ];
  const objects = (suspended: boolean) => [
    relayFleet({ nats: { ...nats(machine.nats.url), storage: '1Gi' } }),
    other,
    relayDomain({ fleetRefs, suspended }),
    senderPlatform(),
  ];
  machine.apply(...objects(false));
  const operator = await machine.startOperator({ RELAYFLEET_NATS_URL: '' });
  await machine.untilSeen('the fleet that works', ({ snapshot }) => snapshot.platforms.size === 1);
  const programmed = (name: string) =>
    statusOf(machine, 'RelayFleet', name).conditions?.find(({ type }) => type === 'Programmed');
  await until('NATSUnreachable', () => programmed('other')?.reason === 'NATSUnreachable');
  assert.match(programmed('other')?.message ?? '', new RegExp(`127.0.0.1:${port} cannot be reached`));
  machine.apply(...objects(true));
  await machine.untilSeen('the edit', ({ snapshot }) => Boolean(snapshot.domains.get('shop.test')?.suspended), 5_000);

  const late = await startNats({ port });
  t.after(() => late.stop());
  await until('the other is served', () => programmed('other')?.reason === 'NoReadyNodes', { withinMs: 30_000 });
  assert.doesNotMatch(operator.log(), /operator-password|node-password/);
  assert.equal(operator.log().match(/cannot be reached/g)?.length, 1, 'said once');

  machine.apply(...objects(false));
  await machine.untilSeen(
    'the edit back',
    ({ snapshot }) => snapshot.domains.get('shop.test')?.suspended === null,
    5_000,
  );
  const wrong = natsUser('relayfleet-system', 'nats-operator', { username: 'operator', password: 'wrong-password' });
  machine.apply(...objects(true), wrong);
  await until('the object defined twice is refused', () => operator.log().includes('is defined 2 times'));
  assert.doesNotMatch(operator.log(), /wrong-password/);
});
