// Smarthosts in order: the next one is asked when one cannot be used, and never when one has judged the mail.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { reset, startPeer, type PeerOptions, type ScriptedPeer } from '../harness/scripted-peer.ts';

async function peerFor(t: TestContext, options: PeerOptions = {}): Promise<ScriptedPeer> {
  const peer = await startPeer(options);
  t.after(() => peer.goAway());
  return peer;
}

const unusable: Readonly<Record<string, PeerOptions | 'away'>> = {
  'nobody listens': 'away',
  'it greets with 421': { script: { CONNECT: () => ({ reply: '421 4.3.2 later', after: 'close' }) } },
  'it greets with 554': { script: { CONNECT: () => ({ reply: '554 5.3.2 no', after: 'close' }) } },
  'it ends the connection at MAIL': { script: { MAIL: () => reset } },
  'it closes with 421 at RCPT': { script: { RCPT: () => ({ reply: '421 4.3.2 later', after: 'close' }) } },
};
for (const [name, options] of Object.entries(unusable))
  test(`the second takes the mail when of the first ${name}`, async (t) => {
    const first = await peerFor(t, options === 'away' ? {} : options);
    if (options === 'away') await first.goAway();
    const second = await peerFor(t);
    const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: first.port }, { port: second.port }) }));
    await rig.commit();
    rig.start();
    await second.mail(1);
    const [attempted] = await rig.events('attempted', 1);
    assert.equal(attempted?.results[0]?.outcome, 'delivered');
    assert.equal(attempted?.attempt, 1);
    assert.equal(first.mails.length, 0);
  });

test('TLS that the first smarthost does not offer sends the mail to the second, unseen by the first', async (t) => {
  const first = await peerFor(t);
  const second = await peerFor(t);
  const routes = viaSmarthosts({ port: first.port, tls: 'Require' }, { port: second.port, tls: 'Opportunistic' });
  const rig = await startRig(t, snapshotWith({ routes }));
  await rig.commit();
  rig.start();
  await second.mail(1);
  assert.deepEqual(
    first.sessions.map(({ clear }) => clear),
    ['EHLO relay.fleet.test\r\nSTARTTLS\r\n'],
  );
});

test('a refusal is the mail’s end: the second is not asked', async (t) => {
  const first = await peerFor(t, { script: { RCPT: () => '550 5.1.1 no such user' } });
  const second = await peerFor(t);
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: first.port }, { port: second.port }) }));
  await rig.commit({ sender: '' });
  rig.start();
  const [settled] = await rig.events('settled', 1);
  assert.deepEqual(settled?.totals, { delivered: 0, bounced: 1, expired: 0, dropped: 0 });
  assert.equal(second.sessions.length, 0);
});

test('a mail that may have been taken is not given to the second', async (t) => {
  const first = await peerFor(t, {
    script: { DOT: (_, { mails }) => (mails === 0 && first.sessions.length === 1 ? reset : undefined) },
  });
  const second = await peerFor(t);
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: first.port }, { port: second.port }) }));
  await rig.commit();
  rig.start();
  const [attempted] = await rig.events('attempted', 1);
  assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category: 'network', status: '4.4.2' }]);
  await first.mail(1); // the retry
  assert.equal(second.sessions.length, 0);
});
