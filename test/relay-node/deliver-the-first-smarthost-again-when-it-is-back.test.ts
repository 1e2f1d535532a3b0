// A smarthost that is down is left alone for a while and mail goes to the next one; after that while the first is asked again, and
// takes the mail as soon as it is back. The clock is the test's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../relay-node/src/clock.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startNameServer } from '../harness/name-server.ts';
import { startPeer } from '../harness/scripted-peer.ts';

const restMs = 20_000;

test('down: the next takes it; back within the rest: not asked; after it: the first again', async (t) => {
  const first = await startPeer();
  const second = await startPeer();
  t.after(() => Promise.all([first.goAway(), second.goAway()]));
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: first.port }, { port: second.port }) }));
  let elapsed = 0;
  const clock: Clock = {
    now: () => Date.now(),
    span: () => ({ earliest: Date.now(), latest: Date.now() }),
    elapsed: () => elapsed,
  };
  rig.start({ clock, pool: { idleMs: 60_000, mailsPerSession: 1, restMs } });

  await first.goAway();
  await rig.commit();
  await second.mail(1);

  await first.comeBack();
  elapsed += restMs - 1;
  await rig.commit();
  await second.mail(2);
  assert.equal(first.sessions.length, 0, 'a smarthost at rest is not asked');

  elapsed += 1;
  await rig.commit();
  await first.mail(1);
  await first.goAway();
  await rig.commit();
  await second.mail(3);
  const attempts = await rig.events('attempted', 4);
  assert.ok(attempts.every(({ attempt, results }) => attempt === 1 && results[0]?.outcome === 'delivered'));
  await rig.entries();
});

test('a smarthost whose name does not exist defers, and the next one takes the mail', async (t) => {
  const second = await startPeer();
  const dns = await startNameServer({});
  t.after(() => {
    dns.stop();
    return second.goAway();
  });
  const gone = { host: 'gone.smarthost.test', port: second.port };
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts(gone) }));
  await rig.commit();
  rig.start({ dnsServers: [dns.address], retryDelays: [500] });
  const [attempted] = await rig.events('attempted', 1);
  assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category: 'dns', status: '4.4.4' }]);
  rig.snapshot = snapshotWith({ routes: viaSmarthosts(gone, { port: second.port }) });
  await second.mail(1);
  await rig.entries();
});
