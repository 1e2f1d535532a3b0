// What a relay node finds out about a smarthost's name reaches the status of the RelayDomain, and leaves it again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayDomain, relayFleet, senderPlatform, usual } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';
import { startMachine } from './machine.ts';
import { statusOf } from './status-files.ts';

test('a smarthost that a node does not find is told, and no more once it does', async (t) => {
  const machine = await startMachine(t);
  const routes = [{ name: 'partner', smarthosts: [{ host: 'gone.partner.test' }] }];
  machine.apply(relayFleet(), relayDomain({ routes }), senderPlatform());
  await machine.startOperator();
  await machine.untilSeen('the platform', ({ snapshot }) => snapshot.platforms.size === 1);
  const told = (type: string, status: string, reason: string) =>
    until(`${type} ${status} ${reason}`, () => {
      const found = statusOf(machine, 'RelayDomain', 'shop').conditions?.find((each) => each.type === type);
      return found?.status === status && found.reason === reason ? found.message : undefined;
    });
  await machine.acknowledge('n');
  await told('Routable', 'Unknown', 'Pending');
  await machine.acknowledge('n', {
    missingHosts: [{ domain: usual.domain, route: 'partner', host: 'gone.partner.test' }],
  });
  assert.match(
    await told('Routable', 'False', 'SmarthostNotFound'),
    /gone\.partner\.test of route partner .* spec\.routes/,
  );
  await told('Ready', 'False', 'SmarthostNotFound');
  await machine.acknowledge('n', { missingHosts: [] });
  await told('Routable', 'True', 'Routable');
  await told('Ready', 'True', 'Ready');
});
