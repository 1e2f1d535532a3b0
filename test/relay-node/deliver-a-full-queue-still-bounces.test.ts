// A full mail stream, and every entry in it bounces: the notices find another way than through it, and each is sent once.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { anEnvelope } from '../harness/queue.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

/** Each notice returns all of its mail, and so takes more room than that. */
const mail = Buffer.from(`From: info@shop.test\r\n\r\n${`${'x'.repeat(98)}\r\n`.repeat(1_000)}`);
const shop = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
const refuse = { RCPT: (line: string) => (line.includes('to.test') ? '550 5.1.1 no such user' : undefined) };

async function setUp(t: TestContext): Promise<{ peer: ScriptedPeer; rig: Rig; ids: readonly string[] }> {
  const peer = await startPeer({ script: refuse });
  t.after(() => peer.goAway());
  const snapshot = snapshotWith({ routes: viaSmarthosts({ port: peer.port }) });
  const rig = await startRig(t, snapshot, { storageBytes: 4_000_000 }); // the mail stream gets a quarter
  const ids: string[] = [];
  for (;;) {
    const body = { kind: 'inline', size: mail.length } as const;
    const recipients = [{ n: 0, address: `gone${ids.length}@to.test` }];
    const envelope = anEnvelope({ ...shop, ret: 'FULL', destination: 'to.test', recipients, body });
    const answer = await rig.queue.commit([{ envelope, body: mail }], 5_000);
    if (!answer.ok && answer.reason === 'full') break;
    assert.ok(answer.ok && ids.length < 20);
    ids.push(envelope.id);
  }
  return { peer, rig, ids };
}

const about = (peer: ScriptedPeer) =>
  peer.mails.map(({ raw }) => /\r\nFinal-Recipient: rfc822; (\S+)/.exec(raw.toString())?.[1] ?? '').toSorted();

test('as many bounces as slots and more: all are told, once, and the queue is empty', async (t) => {
  const { peer, rig, ids } = await setUp(t);
  rig.start({ concurrency: 10 });
  await peer.mail(ids.length, 60_000);
  await rig.entries();
  assert.deepEqual(about(peer), ids.map((_, n) => `gone${n}@to.test`).toSorted());
  assert.ok(rig.report.events.some((event) => event.type === 'accepted' && event.kind === 'dsn'));
});

test('a worker that ends after it put the notice there: whoever follows puts it there again, and it is sent once', async (t) => {
  const { peer, rig, ids } = await setUp(t);
  peer.script = { RCPT: (line) => (line.includes('to.test') ? '550 5.1.1 no such user' : '451 4.3.0 not now') };
  const subjects: string[] = [];
  const { defer } = rig.queue;
  let ended = 0;
  const first = rig.start({
    concurrency: 10,
    retryDelays: [2_000],
    queue: {
      ...rig.queue,
      defer: async (envelope, ...rest) => {
        if (envelope.kind !== 'dsn' || envelope.attempt > 0) return defer(envelope, ...rest);
        const done = await defer(envelope, ...rest);
        ended++;
        void first.stop(0);
        subjects.push(`${envelope.id} ${envelope.due} ${envelope.body.kind === 'chunks' && envelope.body.sha256}`);
        return { ok: false, reason: 'unavailable', detail: `ended here: ${done.ok}` };
      },
    },
  });
  await until('the first node ends', () => ended > 0);
  await first.stop(0);
  peer.script = refuse;
  const before = new Set(subjects);
  rig.start({
    concurrency: 10,
    log: openEventLog(rig.nats),
    queue: {
      ...rig.queue,
      defer: (envelope, ...rest) => {
        const body = envelope.body.kind === 'chunks' && envelope.body.sha256;
        if (envelope.kind === 'dsn' && envelope.attempt === 0) subjects.push(`${envelope.id} ${envelope.due} ${body}`);
        return defer(envelope, ...rest);
      },
    },
  });
  await peer.mail(ids.length, 60_000);
  await rig.entries();
  assert.deepEqual(about(peer), ids.map((_, n) => `gone${n}@to.test`).toSorted());
  assert.ok(subjects.length > before.size, 'none was put there again');
  for (const put of before) {
    const id = put.split(' ')[0]!;
    for (const again of subjects.filter((one) => one.startsWith(id)))
      assert.equal(again, put, 'made again it is the same');
  }
});
