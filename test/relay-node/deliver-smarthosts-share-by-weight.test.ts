// Smarthosts of one priority share the mail by weight (RFC 2782); one of a higher number is asked only when they are away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';

test('three quarters go to the one of weight 3, a quarter to the one of weight 1, none to the spare until both are away', async (t) => {
  const [heavy, light, spare] = await Promise.all([startPeer(), startPeer(), startPeer()]);
  t.after(() => Promise.all([heavy, light, spare].map((peer) => peer.goAway())));
  const routes = viaSmarthosts(
    { port: spare.port, priority: 10, weight: 1 },
    { port: light.port, priority: 0, weight: 1 },
    { port: heavy.port, priority: 0, weight: 3 },
  );
  const rig = await startRig(t, snapshotWith({ routes }));
  for (let i = 0; i < 8; i++) await rig.commit();
  let thrown = 0;
  rig.start({ random: () => (thrown++ % 8) / 8, concurrency: 1 });
  await rig.events('settled', 8);
  assert.equal(spare.mails.length, 0);
  assert.ok(
    heavy.mails.length > light.mails.length && light.mails.length > 0,
    `${heavy.mails.length} and ${light.mails.length}`,
  );

  await Promise.all([heavy.goAway(), light.goAway()]);
  await rig.commit();
  await spare.mail(1);
});
