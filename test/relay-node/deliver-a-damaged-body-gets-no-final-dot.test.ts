// A large body is sent while it is read, so that it is damaged, lost or out of reach may show only in the middle: the next hop never
// gets an end of it then. Damaged or lost is final; out of reach is nobody's attempt.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { bodySubject, streams } from '@relayfleet/contract/subjects.ts';
import { jetstreamManager } from '@nats-io/jetstream';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { anEnvelope } from '../harness/queue.ts';
import { startRawPeer, type RawConversation } from '../harness/raw-peer.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const mail = Buffer.from(
  `From: info@shop.test\r\nSubject: large\r\n\r\n${`.${randomBytes(50).toString('hex')}\r\n`.repeat(40_000)}`,
);
const endOfData = '\r\n.\r\n';

/** Commits the mail to these recipients, its body in five chunks stored with or without what signing wants to know. */
async function commit(rig: Rig, recipients = ['u@to.test'], damage?: (id: string) => Promise<unknown>) {
  const shop = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
  const envelope = anEnvelope({ ...shop, recipients: recipients.map((address, n) => ({ n, address })) });
  const stored = await rig.queue.putBody(envelope.id, mail);
  assert.ok(stored.ok);
  assert.equal(stored.ref.chunks, 5);
  await damage?.(envelope.id);
  // Any hash will do for a body that is never judged: nobody gets all of it.
  const body = { ...stored.ref, ...(damage && { relaxedHash: `${'A'.repeat(43)}=` }) };
  assert.ok((await rig.queue.commit([{ envelope: { ...envelope, body } }], 5_000)).ok);
}

const overwrite = (rig: Rig, chunk: number) => (id: string) =>
  rig.nats.nc.request(bodySubject(id, chunk), randomBytes(chunk === 4 ? 80_000 : 1_000_000), { timeout: 5_000 });

async function remove(rig: Rig, id: string, chunk: number): Promise<void> {
  const { streams: api } = await jetstreamManager((await rig.server.connect('operator')).nc);
  await api.purge(streams.bodies, { filter: bodySubject(id, chunk) });
}

/** Takes what comes, to the end of the connection. */
async function listenTo(conversation: RawConversation): Promise<string> {
  await conversation.heard('DATA\r\n');
  conversation.say('250 ok\r\n250 ok\r\n354 go ahead\r\n');
  return conversation.rest();
}

async function setUp(t: TestContext) {
  const heard: string[] = [];
  const peer = await startRawPeer(t, async (conversation) => void heard.push(await listenTo(conversation)));
  return { heard, rig: await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) })) };
}

for (const [what, damage] of [
  ['the last chunk is not what was stored', (rig: Rig) => overwrite(rig, 4)],
  ['a chunk in the middle is not what was stored', (rig: Rig) => overwrite(rig, 2)],
  ['a chunk is missing', (rig: Rig) => (id: string) => remove(rig, id, 3)],
] as const)
  test(`${what}: the connection ends without a dot, and the entry is laid out`, async (t) => {
    const { heard, rig } = await setUp(t);
    await commit(rig, ['u@to.test'], damage(rig));
    rig.start();
    await until('buried', () => rig.report.buriedBecause.length > 0);
    assert.match(rig.report.buriedBecause[0] ?? '', /body/);
    await until('the connection has ended', () => heard.length > 0);
    assert.ok((heard[0]?.length ?? 0) > 1_000_000, 'it had been begun');
    assert.equal(heard[0]?.includes(endOfData), false);
  });

test('stored without its hash, a damaged body is found out before anybody is called', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const { id } = anEnvelope();
  const stored = await rig.queue.putBody(id, mail);
  assert.ok(stored.ok);
  await overwrite(rig, 2)(id);
  const shop = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
  assert.ok((await rig.queue.commit([{ envelope: anEnvelope({ id, ...shop, body: stored.ref }) }], 5_000)).ok);
  rig.start();
  await until('buried', () => rig.report.buriedBecause.length > 0);
  const senders = peer.sessions.flatMap(({ commands }) => commands.filter((command) => command.startsWith('MAIL')));
  assert.ok(!senders.some((command) => command.includes('info@shop.test')), 'but the notice'); // its sender is the null one
});

test('NATS out of reach in the middle: no dot, no attempt on record, and all of it once NATS is back', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  let first = '';
  const slow = await startRawPeer(t, async (conversation) => {
    await conversation.heard('DATA\r\n');
    await rig.server.kill9(); // before the body can be read
    conversation.say('250 ok\r\n250 ok\r\n354 go ahead\r\n');
    first = await conversation.rest();
  });
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: slow.port }) }));
  await commit(rig);
  rig.start();
  await slow.done;
  assert.equal(first.includes(endOfData), false);
  rig.snapshot = snapshotWith({ routes: viaSmarthosts({ port: peer.port }) });
  await rig.server.restart();
  const [taken] = await peer.mail(1, 60_000);
  assert.ok(taken?.raw.subarray(-mail.length).equals(mail));
  await rig.events('settled', 1);
  assert.deepEqual(
    (await rig.events('attempted', 1)).map(({ attempt }) => attempt),
    [1],
  );
  assert.deepEqual(rig.report.buriedBecause, []);
});
