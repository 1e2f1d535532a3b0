// Require is a promise to the domain's owner: where TLS is stripped the mail waits, and not a byte of it is seen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAuthority } from '../harness/certificates.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';

for (const tls of ['Require', 'Verify'] as const)
  test(`${tls}: with STARTTLS stripped by the peer the mail is deferred and nothing of it is sent`, async (t) => {
    const peer = await startPeer();
    t.after(() => peer.goAway());
    const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port, tls }) }));
    await rig.commit();
    rig.start({ retryDelays: [3_600_000] });
    const [attempted] = await rig.events('attempted', 1);
    assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category: 'tls', status: '4.7.4' }]);
    assert.deepEqual(
      peer.sessions.map(({ clear }) => clear),
      ['EHLO relay.fleet.test\r\nSTARTTLS\r\n'],
    );
    await rig.entries('deferred');
  });

test('Verify: a certificate for another name defers the mail unsent', async (t) => {
  const authority = makeAuthority();
  const peer = await startPeer({ tls: authority.issue('elsewhere.test') });
  t.after(() => peer.goAway());
  const rig = await startRig(
    t,
    snapshotWith({ routes: viaSmarthosts({ port: peer.port, tls: 'Verify', ca: authority.ca }) }),
  );
  await rig.commit();
  rig.start({ retryDelays: [3_600_000] });
  const [attempted] = await rig.events('attempted', 1);
  assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category: 'tls', status: '4.7.5' }]);
  assert.doesNotMatch(peer.sessions.map(({ commands }) => commands.join()).join(), /MAIL/);
});
