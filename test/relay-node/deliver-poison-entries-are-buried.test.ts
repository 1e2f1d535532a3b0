// Entries no node can work on go to the dead letters with their reason; entries of a newer version wait for a newer node.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { encodeEntry } from '@relayfleet/contract/envelope.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { mailSubject } from '@relayfleet/contract/subjects.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { anEnvelope } from '../harness/queue.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

async function setUp(t: TestContext): Promise<{ peer: ScriptedPeer; rig: Rig }> {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  return { peer, rig: await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) })) };
}

const key = () => ({
  lane: 'transactional' as const,
  domain: 'shop.test',
  destination: 'to.test',
  platform: { namespace: 'shop', name: 'orders' },
  id: newMailId(Date.now(), randomBytes),
  k: 0,
});

test('bytes that are no entry are buried as they are', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.nats.nc.request(mailSubject(key()), Buffer.from('not an entry'));
  rig.start();
  await until('buried', () => rig.report.buriedBecause.length > 0);
  assert.match(rig.report.buriedBecause[0] ?? '', /envelope/);
  await rig.entries('dead');
  assert.equal(peer.sessions.length, 0);
});

test('an entry whose workers always ended before a record is buried at the twentieth delivery, unsent', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit();
  const stop = new AbortController();
  let deliveries = 0;
  for await (const taken of rig.queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    taken.release();
    if (++deliveries === 19) break;
  }
  stop.abort();
  rig.start();
  await until('buried', () => rig.report.buriedBecause.length > 0);
  await rig.entries('dead');
  assert.equal(peer.sessions.length, 0);
});

test('a stored body that is gone leaves nothing to send', async (t) => {
  const { peer, rig } = await setUp(t);
  const body = { kind: 'chunks' as const, size: 5, chunks: 1, sha256: '0'.repeat(64) };
  const envelope = anEnvelope({ domain: 'shop.test', platform: { namespace: 'shop', name: 'orders' }, body });
  assert.ok((await rig.queue.commit([{ envelope }], 5_000)).ok);
  rig.start();
  await until('buried', () => rig.report.buriedBecause.length > 0);
  assert.match(rig.report.buriedBecause[0] ?? '', /body/);
  assert.equal(peer.sessions.length, 0);
});

test('an entry of a newer version is left in the queue', async (t) => {
  const { peer, rig } = await setUp(t);
  const newer = { ...anEnvelope(), v: 2 } as unknown as ReturnType<typeof anEnvelope>;
  await rig.nats.nc.request(mailSubject(newer), encodeEntry(newer));
  await rig.commit();
  rig.start();
  await peer.mail(1); // others pass it by
  await rig.entries('ready');
  assert.deepEqual(rig.report.buriedBecause, []);
});
