// A mail older than the fleet's limit is given up after its last attempt, and its sender is told once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetPolicy } from '../harness/snapshot.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';

test('deferred until it is too old, then one bounce', async (t) => {
  const peer = await startPeer({
    script: { RCPT: (line) => (line.includes('to.test') ? '451 4.3.0 not now' : undefined) },
  });
  t.after(() => peer.goAway());
  const fleet = fleetPolicy({ retry: { maxAgeMs: 1_500 } });
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }, { fleet }));
  const { id, acceptedAt } = await rig.commit();
  rig.start();
  const [bounce] = await peer.mail(1);
  assert.match(bounce?.raw.toString() ?? '', /\r\nAction: failed\r\nStatus: 4\.4\.7\r\n/);
  const settled = (await rig.events('settled', 2)).find((event) => event.id === id);
  assert.deepEqual(settled?.totals, { delivered: 0, bounced: 0, expired: 1, dropped: 0 });
  assert.ok(settled.at - acceptedAt < 4_000, 'given up at its time, not at the next step of the schedule');
  await rig.entries();
  assert.equal(peer.mails.length, 1);
});

test('a mail that was never tried is tried, however old it is', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit({ acceptedAt: Date.now() - 30 * 86_400_000 });
  rig.start();
  await peer.mail(1);
  await rig.entries();
});
