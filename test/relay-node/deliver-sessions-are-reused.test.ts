// Sessions with a next hop carry many mails, are limited in number, and one that the peer gave up meanwhile costs no attempt.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { reset, startPeer, type Action } from '../harness/scripted-peer.ts';
import { fleetPolicy } from '../harness/snapshot.ts';

test('thirty mails, two sessions allowed: never more, and both are used again', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const { limits } = fleetPolicy();
  const fleet = fleetPolicy({ limits: { ...limits, connectionsPerDestination: 2 } });
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }, { fleet }));
  for (let i = 0; i < 30; i++) await rig.commit();
  rig.start();
  await peer.mail(30);
  await rig.events('settled', 30);
  assert.equal(peer.sessions.length, 2);
});

const endings: Readonly<Record<string, Action>> = {
  'closed with 421': { reply: '421 4.4.2 idle too long', after: 'close' },
  reset: reset,
};
for (const [name, ending] of Object.entries(endings))
  test(`a waiting session that is ${name} when it is used again: the mail goes over another, in the same attempt`, async (t) => {
    const peer = await startPeer({
      script: { MAIL: (_, { number, mails }) => (number === 0 && mails === 1 ? ending : undefined) },
    });
    t.after(() => peer.goAway());
    const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
    rig.start({ pool: { idleMs: 60_000, mailsPerSession: 100, restMs: 100 } });
    await rig.commit();
    await rig.events('settled', 1);
    await rig.commit();
    await rig.events('settled', 2);
    const attempts = await rig.events('attempted', 2);
    assert.deepEqual(
      attempts.map(({ attempt, results }) => [attempt, results[0]?.outcome]),
      [
        [1, 'delivered'],
        [1, 'delivered'],
      ],
    );
    assert.equal(peer.sessions.length, 2);
  });
