// Entries no node can work on go to the dead letters with their reason, and are recorded as bounced, with word to their sender, where
// anything can be read of them. How often one was handed out condemns none.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { encodeEntry } from '@relayfleet/contract/envelope.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { mailSubject, type ConsumerKey } from '@relayfleet/contract/subjects.ts';
import type { MailQueue, Taken } from '@relayfleet/jetstream/mail-queue.ts';
import type { DeliverDeps } from '@relayfleet/relay-node/deliver.ts';
import { snapshotWith, startRig, usualMail, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
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

/** Its end is on record and its sender told, once; the entry lies among the dead letters, once. */
async function concluded({ rig, peer }: { rig: Rig; peer: ScriptedPeer }): Promise<string> {
  const [settled] = await rig.events('settled', 1);
  assert.deepEqual(settled?.totals, { delivered: 0, bounced: 1, expired: 0, dropped: 0 });
  const [attempted] = rig.report.events.filter((event) => event.type === 'attempted');
  assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'bounced', category: 'internal', status: '5.3.0' }]);
  const [notice] = await peer.mail(1);
  assert.equal(notice?.from, '');
  await rig.entries('dead');
  assert.equal(peer.mails.length, 1);
  return notice.raw.toString();
}

/** Its workers ended `times` times, the first of them `sinceMs` ago, and once more just now. */
async function commitAfterDeaths({ queue, commit }: Rig, times: number, sinceMs: number): Promise<void> {
  await commit();
  const setback = { because: 'workers-ended', times, since: Date.now() - sinceMs, lastTry: '1.0.0' } as const;
  await takeOne(queue, 'transactional', async (taken) => {
    assert.ok((await queue.postpone({ ...taken, setback }, Date.now())).ok);
    await taken.done();
  });
  await takeOne(queue, 'retry', async (taken) => taken.release());
}

async function takeOne(queue: MailQueue, lane: ConsumerKey, use: (taken: Taken) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for await (const taken of queue.take(lane, { maxMessages: 1, signal: stop.signal })) {
    await use(taken);
    stop.abort();
  }
}

test('an entry whose workers ended for an hour, each before a record, is buried, its sender told', async (t) => {
  const { peer, rig } = await setUp(t);
  await commitAfterDeaths(rig, 20, 3_700_000);
  rig.start();
  const notice = await concluded({ rig, peer });
  assert.match(notice, /\r\nStatus: 5\.3\.0\r\n/);
  assert.doesNotMatch(notice, /Subject: Order/, 'what may have ended its workers is not read again');
  assert.match(rig.report.buriedBecause.join(), /workers end/);
});

test('one that a person ordered to be dropped in silence ends so, however it ended its workers', async (t) => {
  const { peer, rig } = await setUp(t);
  const about = { v: 1, reason: 'incident 7', at: 1, name: 'd', filter: { domain: 'shop.test' } } as const;
  rig.orders = [{ ...about, kind: 'drop', bounce: false }];
  await commitAfterDeaths(rig, 20, 3_700_000);
  rig.start();
  const [settled] = await rig.events('settled', 1);
  assert.deepEqual(settled?.totals, { delivered: 0, bounced: 0, expired: 0, dropped: 1 });
  await rig.entries();
  assert.deepEqual([rig.report.buriedBecause, peer.sessions.length], [[], 0]);
});

test('one whose domain is suspended is held, and neither buried nor told of', async (t) => {
  const { peer, rig } = await setUp(t);
  rig.snapshot = snapshotWith({ routes: viaSmarthosts({ port: peer.port }), suspended: { reason: 'incident 7' } });
  await commitAfterDeaths(rig, 20, 3_700_000);
  rig.start();
  await until('held', () => rig.report.heldBack.length === 1);
  await rig.entries('deferred');
  assert.deepEqual([rig.report.buriedBecause, peer.sessions.length], [[], 0]);
});

for (const [what, times, sinceMs] of [
  ['too few times', 2, 3_700_000],
  ['for too short a time', 25, 60_000],
] as const)
  test(`an entry whose workers ended ${what} is put back`, async (t) => {
    const { peer, rig } = await setUp(t);
    await commitAfterDeaths(rig, times, sinceMs);
    rig.start();
    await until('set back', () => rig.report.setbacks.length > 0);
    assert.equal(rig.report.setbacks[0]?.times, times + 1);
    assert.deepEqual([rig.report.buriedBecause, peer.sessions.length], [[], 0]);
    await rig.entries('deferred');
  });

test('however often an entry was handed out, it is tried by itself before anything is concluded', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit();
  for (let delivery = 1; delivery <= 20; delivery++)
    await takeOne(rig.queue, 'transactional', async (taken) => taken.release());
  rig.start();
  const [mail] = await peer.mail(1);
  assert.match(mail?.raw.toString() ?? '', /Subject: Order/);
  await rig.entries();
  assert.deepEqual(
    rig.report.setbacks.map(({ because, times }) => [because, times]),
    [['workers-ended', 1]],
  );
  assert.deepEqual(rig.report.buriedBecause, []);
});

for (const [when, deliveries] of Object.entries({ '': 0, ', also once it was put back': 2 }))
  test(`an entry whose body is not as long as its envelope says ends like any other, its sender told${when}`, async (t) => {
    const { peer, rig } = await setUp(t);
    const whose = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
    const envelope = anEnvelope({ ...whose, body: { kind: 'inline', size: usualMail.length + 1 } });
    await rig.nats.nc.request(mailSubject(envelope), encodeEntry(envelope, usualMail));
    for (let delivery = 1; delivery <= deliveries; delivery++)
      await takeOne(rig.queue, 'transactional', async (taken) => taken.release());
    rig.start();
    const notice = await concluded({ rig, peer });
    assert.doesNotMatch(notice, /Subject: Order/);
    assert.match(rig.report.buriedBecause.join(), /body.*(bytes, the envelope says|damaged)/);
    assert.equal(rig.report.setbacks.length, deliveries > 0 ? 1 : 0);
  });

test('a stored body that is gone leaves nothing to send', async (t) => {
  const { peer, rig } = await setUp(t);
  const body = { kind: 'chunks' as const, size: 5, chunks: 1, sha256: '0'.repeat(64) };
  const whose = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
  const envelope = anEnvelope({ ...whose, body });
  assert.ok((await rig.queue.commit([{ envelope }], 5_000)).ok);
  rig.start();
  await concluded({ rig, peer });
  assert.match(rig.report.buriedBecause[0] ?? '', /body/);
});

const steps: Readonly<Record<string, (rig: Rig, failing: () => boolean) => Partial<DeliverDeps>>> = {
  'the record and the notice': ({ queue }, failing) => ({
    queue: { ...queue, commit: async (entries, ms) => (failing() ? away : queue.commit(entries, ms)) },
  }),
  'the notice and the dead letter': ({ queue }, failing) => ({
    queue: { ...queue, bury: async (...burial) => (failing() ? away : queue.bury(...burial)) },
  }),
  'the dead letter and the acknowledgement': ({ queue }, failing) => ({
    queue: {
      ...queue,
      async *take(consumer, options) {
        for await (const taken of queue.take(consumer, options))
          yield { ...taken, done: async () => (failing() ? (taken.release(), false) : taken.done()) };
      },
    },
  }),
};
const away = { ok: false, reason: 'unavailable', detail: 'away' } as const;

for (const [between, spoil] of Object.entries(steps))
  test(`a worker that ends between ${between}: another comes to the same end, once`, async (t) => {
    const { peer, rig } = await setUp(t);
    const body = { kind: 'chunks' as const, size: 5, chunks: 1, sha256: '0'.repeat(64) };
    const whose = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
    assert.ok((await rig.queue.commit([{ envelope: anEnvelope({ ...whose, body }) }], 5_000)).ok);
    let failures = 0;
    const first = rig.start(spoil(rig, () => ++failures > 0));
    await until('the step is failing', () => failures > 1);
    await first.stop(0);
    rig.start({ node: 'node-b' });
    await concluded({ rig, peer });
  });
