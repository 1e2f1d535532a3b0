// A receiver that is away and comes back gets the mail once, however often it was tried meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';

test('down for two attempts, then up: delivered once, with every attempt on record', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  await peer.goAway();
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const envelope = await rig.commit();
  rig.start();
  rig.start({ node: 'node-b' });
  await rig.events('attempted', 2);
  await peer.comeBack();
  const [settled] = await rig.events('settled', 1);
  assert.deepEqual(settled?.totals, { delivered: 1, bounced: 0, expired: 0, dropped: 0 });
  assert.equal(peer.mails.length, 1);
  const attempts = await rig.events('attempted', 3);
  assert.deepEqual(attempts.map(({ attempt }) => attempt).slice(0, 3), [1, 2, 3]);
  assert.deepEqual(attempts[0]?.results, [{ n: 0, outcome: 'deferred', category: 'network', status: '4.4.1' }]);
  assert.ok(attempts.every(({ id }) => id === envelope.id));
  await rig.entries();
  assert.deepEqual(rig.report.problems, []);
});

test('greylisting: refused once, taken at the retry', async (t) => {
  const seen = new Set<string>();
  const peer = await startPeer({
    script: {
      RCPT: (line) => (seen.has(line) ? undefined : (seen.add(line), '451 4.7.1 greylisted, try again later')),
    },
  });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit();
  rig.start();
  await rig.events('settled', 1);
  const [first] = await rig.events('attempted', 2);
  assert.deepEqual(first?.results, [{ n: 0, outcome: 'deferred', category: 'rate', code: 451, status: '4.7.1' }]);
  assert.equal(peer.mails.length, 1);
});
