// A domain changes hands while its mail waits: nothing accepted for the RelayDomain that had it is signed with the keys of the one
// that has it now, goes by its routes, or obeys its suspension. That mail waits as if the domain were gone.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import type { DomainPolicy } from '@relayfleet/contract/snapshot.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';

const ours = { namespace: 'shop', name: 'shop' };
const rivals = { namespace: 'rival', name: 'shop' };
const deferred = { n: 0, outcome: 'deferred', category: 'configuration', status: '4.3.5' };

/** The domain's RelayDomain in force is the rival's; its only route leads to the peer. */
async function setUp(t: TestContext, changes: Partial<DomainPolicy> = {}): Promise<{ peer: ScriptedPeer; rig: Rig }> {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const routes = viaSmarthosts({ port: peer.port });
  return { peer, rig: await startRig(t, snapshotWith({ ref: rivals, routes, ...changes })) };
}

for (const kind of ['mail', 'dsn'] as const)
  test(`a ${kind} of the one before waits, and leaves once that has its domain again`, async (t) => {
    const { peer, rig } = await setUp(t, { suspended: { reason: 'an incident of the rival' } });
    await rig.commit({ kind, domainRef: ours, ...(kind === 'dsn' && { sender: '' }) });
    rig.start({ retryDelays: [1_000] });
    const [attempted] = await rig.events('attempted', 1);
    assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category: 'configuration', status: '4.3.5' }]);
    assert.equal(peer.sessions.length, 0);
    rig.snapshot = snapshotWith({ ref: ours, routes: viaSmarthosts({ port: peer.port }) });
    await peer.mail(1);
    await rig.entries();
  });

test('mail of the one that has it leaves, and so does what an early build accepted for nobody in particular', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit({ domainRef: rivals });
  await rig.commit();
  rig.start();
  await peer.mail(2);
  await rig.entries();
});

test('a notice about mail of the one before belongs to that one as well', async (t) => {
  const { peer, rig } = await setUp(t);
  rig.orders = [{ v: 1, kind: 'drop', name: 'd', filter: {}, reason: '', at: 1, bounce: true }];
  const { id } = await rig.commit({ domainRef: ours });
  rig.start({ retryDelays: [3_600_000] });
  const attempts = await rig.events('attempted', 2);
  const notice = attempts.find((attempted) => attempted.id !== id);
  assert.deepEqual(notice?.results, [deferred]);
  await rig.entries('deferred');
  const [waiting] = await listEntries(rig.nats, {});
  assert.equal(waiting?.key.destination, 'shop.test', 'queued for no route of the rival');
  assert.equal(peer.sessions.length, 0);
});
