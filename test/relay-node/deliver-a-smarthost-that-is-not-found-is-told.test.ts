// A smarthost whose name is not in DNS: its mail waits, and the node says so in its acknowledgement.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootstrapFile } from '@relayfleet/contract/bootstrap.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startHandMadeFleet } from '../harness/hand-made-fleet.ts';
import { startNameServer } from '../harness/name-server.ts';
import { startNodeProcess } from '../harness/node-process.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { domainPolicy, snapshotContent } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

const routes = (port: number) => viaSmarthosts({ host: 'smtp.partner.test', port });

test('mail for a smarthost that is not found waits', async (t) => {
  const peer = await startPeer();
  const dns = await startNameServer({});
  t.after(() => {
    dns.stop();
    return peer.goAway();
  });
  const rig = await startRig(t, snapshotWith({ routes: routes(peer.port) }));
  await rig.commit();
  rig.start({ dnsServers: [dns.address], retryDelays: [31_000] });
  const [attempted] = await rig.events('attempted', 1);
  assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category: 'dns', status: '4.4.4' }]);
  await rig.entries('deferred');
});

test('a node tells which smarthost it does not find, before there is any mail', async (t) => {
  const dns = await startNameServer({});
  t.after(() => dns.stop());
  const fleet = await startHandMadeFleet(t);
  const content = snapshotContent({ domains: [domainPolicy({ routes: routes(25) })] });
  await fleet.publish(1, { content });
  const node = await startNodeProcess(
    JSON.parse(readFileSync(join(fleet.bootstrap, bootstrapFile), 'utf8')) as object,
    {
      RELAYFLEET_DNS_SERVERS: dns.address,
    },
  );
  t.after(() => node.stop());
  const told = () => fleet.acknowledgement('node-0')?.missingHosts;
  await until('it is told', () => told()?.length === 1);
  assert.deepEqual(told(), [{ domain: 'shop.test', route: 'all', host: 'smtp.partner.test' }]);
  await fleet.publish(2, { content: snapshotContent() }); // the owner has corrected the route
  await until('it is told no more', () => told()?.length === 0);
});
