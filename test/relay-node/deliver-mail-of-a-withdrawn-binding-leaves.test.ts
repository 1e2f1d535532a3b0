// A binding is judged when mail is accepted: withdrawn later, it lets what waits leave, signed by the domain that took it. Who wants
// that mail stopped suspends the platform, or the domain; a platform that is bound to nothing any more still rules its mail.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { PlatformPolicy } from '@relayfleet/contract/snapshot.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { platformPolicy } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

async function setUp(t: TestContext, platforms: PlatformPolicy[]): Promise<{ peer: ScriptedPeer; rig: Rig }> {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }, { platforms }));
  await rig.commit({ domainRef: { namespace: 'shop', name: 'shop' } });
  rig.start();
  return { peer, rig };
}

const unbound = platformPolicy({ senders: [], secrets: [], draining: true });

for (const [how, platforms] of Object.entries({
  'bound to nothing': [unbound],
  'bound to another domain alone': [platformPolicy({ senders: [{ domain: 'else.test', localParts: ['*'] }] })],
  'unknown to the node': [],
}))
  test(`mail of a platform that is ${how} leaves, signed`, async (t) => {
    const { peer, rig } = await setUp(t, platforms);
    const [mail] = await peer.mail(1);
    assert.match(mail?.raw.toString() ?? '', /^DKIM-Signature: /);
    await rig.entries();
  });

test('mail of a platform that is bound to nothing and suspended stays', async (t) => {
  const { peer, rig } = await setUp(t, [{ ...unbound, suspended: { reason: 'an incident' } }]);
  await until('held back', () => rig.report.heldBack.length > 0);
  await rig.entries('deferred');
  assert.equal(peer.sessions.length, 0);
});
