// Mail of a suspended domain, platform or fleet stays in the queue unsent and uncounted, and leaves once the suspension ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock, readMachine } from '@relayfleet/relay-node/clock.ts';
import { fleetPolicy, platformPolicy } from '../harness/snapshot.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

/** By a clock this far behind, the times to look again are over at once for NATS. */
const behindMs = 600_000;
const suspended = { reason: 'incident 7' };
const holders = {
  domain: (routes: ReturnType<typeof viaSmarthosts>) => snapshotWith({ routes, suspended }),
  platform: (routes: ReturnType<typeof viaSmarthosts>) =>
    snapshotWith({ routes }, { platforms: [platformPolicy({ suspended })] }),
  fleet: (routes: ReturnType<typeof viaSmarthosts>) => snapshotWith({ routes }, { fleet: fleetPolicy({ suspended }) }),
};

for (const [holder, snapshot] of Object.entries(holders))
  test(`suspended ${holder}: held back again and again, then delivered as a first attempt`, async (t) => {
    const peer = await startPeer();
    t.after(() => peer.goAway());
    const routes = viaSmarthosts({ port: peer.port });
    const rig = await startRig(t, snapshot(routes));
    await rig.commit({ due: Date.now() - behindMs });
    rig.start({
      clock: createClock(
        () => ({ ...readMachine(), wall: Date.now() - behindMs }),
        () => {},
      ),
    });
    await until('held back twice', () => rig.report.heldBack.length >= 2);
    assert.equal(peer.sessions.length, 0);
    rig.snapshot = snapshotWith({ routes });
    await peer.mail(1);
    const [attempted] = await rig.events('attempted', 1);
    assert.equal(attempted?.attempt, 1);
    await rig.entries();
    assert.equal(peer.mails.length, 1);
  });
