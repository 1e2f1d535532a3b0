// A name whose address changes between the check and the connection, or between two mails, leads nowhere that is not allowed: the
// guard is asked about the very address that is connected to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig } from '../harness/delivery-rig.ts';
import { startNameServer, type Zone, type ZoneEntry } from '../harness/name-server.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { fleetPolicy } from '../harness/snapshot.ts';

test('every second answer names a forbidden address: it is never connected to', async (t) => {
  const allowed = await startPeer();
  const forbidden = await startPeer({ host: '127.0.0.2', port: allowed.port });
  let questions = 0; // A and AAAA each time
  const rebinding = (): ZoneEntry => ({ A: [Math.floor(questions++ / 2) % 2 === 0 ? '127.0.0.1' : '127.0.0.2'] });
  const zone: Zone = { 'to.test': { MX: [[1, 'mx.to.test']] } };
  Object.defineProperty(zone, 'mx.to.test', { get: rebinding });
  const dns = await startNameServer(zone);
  t.after(() => {
    dns.stop();
    return Promise.all([allowed.goAway(), forbidden.goAway()]);
  });
  const fleet = fleetPolicy({ allowedPrivateNetworks: ['127.0.0.1/32'] });
  const rig = await startRig(t, snapshotWith({ tls: { mode: 'Opportunistic', floor: '1.2' } }, { fleet }));
  let elapsed = 0;
  const clock = {
    now: () => Date.now(),
    span: () => ({ earliest: Date.now(), latest: Date.now() }),
    elapsed: () => (elapsed += 60_000), // nothing that was looked up or rests is remembered
  };
  const pool = { idleMs: 1, mailsPerSession: 1, restMs: 0 };
  for (let i = 0; i < 6; i++) await rig.commit({ sender: '' });
  rig.start({ clock, pool, dnsServers: [dns.address], smtpPort: allowed.port, retryDelays: [200] });
  await allowed.mail(6);
  await rig.entries();
  assert.equal(forbidden.sessions.length, 0);
  const refused = rig.report.events.filter(
    (event) => event.type === 'attempted' && event.results[0]?.category === 'address-guard',
  );
  assert.ok(refused.length > 0, 'the forbidden address was offered');
});
