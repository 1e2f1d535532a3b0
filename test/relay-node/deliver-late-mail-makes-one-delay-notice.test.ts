// A mail that waits for long makes one notice of delay: signed, to its sender, once, also when its worker ends in between, and
// nobody is told who did not want to be.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

/** Late by its age and by the tries it had, with waits of some 300 ms. */
const lateMs = 400;
const old = () => ({ acceptedAt: Date.now() - 5 * 3_600_000, attempt: 2 });
const later = { RCPT: (line: string) => (line.includes('to.test') ? '451 4.3.0 not now' : undefined) };

async function setUp(t: TestContext): Promise<{ peer: ScriptedPeer; rig: Rig }> {
  const peer = await startPeer({ script: later });
  t.after(() => peer.goAway());
  return { peer, rig: await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) })) };
}

test('one notice however many attempts follow, and the mail is still delivered', async (t) => {
  const { peer, rig } = await setUp(t);
  const { id, acceptedAt } = await rig.commit(old());
  const marks: (true | undefined)[] = [];
  const { defer } = rig.queue;
  const watched: Rig['queue']['defer'] = (envelope, ...rest) => {
    marks.push(envelope.delayTold);
    return defer(envelope, ...rest);
  };
  rig.start({ retryDelays: [300], lateMs, queue: { ...rig.queue, defer: watched } });
  const [notice] = await peer.mail(1);
  assert.deepEqual([notice?.from, notice?.to], ['', ['info@shop.test']]);
  const text = notice?.raw.toString() ?? '';
  assert.match(text, /^DKIM-Signature: .*\r\n d=shop\.test;/);
  assert.match(text, /\r\nFrom: .*<MAILER-DAEMON@shop\.test>\r\n/);
  assert.match(text, /\r\nFinal-Recipient: rfc822; \S+\r\nAction: delayed\r\nStatus: 4\.3\.0\r\n/);
  const until = new Date(acceptedAt + rig.snapshot.fleet.retry.maxAgeMs).toUTCString().replace('GMT', '+0000');
  assert.ok(text.includes(`\r\nWill-Retry-Until: ${until}\r\n`), text);
  await rig.events('attempted', 4); // three of the mail, one of the notice
  assert.ok(
    marks.length >= 3 && marks.every((mark) => mark === true),
    'it is known for longer than NATS remembers ids',
  );
  peer.script = {};
  await peer.mail(2);
  await rig.entries();
  const settled = await rig.events('settled', 2);
  assert.deepEqual(settled.find((event) => event.id === id)?.totals, {
    delivered: 1,
    bounced: 0,
    expired: 0,
    dropped: 0,
  });
  assert.equal(peer.mails.filter(({ from }) => from === '').length, 1);
});

test('before its time there is none, and it is late only when it is', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit();
  rig.start({ retryDelays: [200], lateMs: 1_000 });
  const [notice] = await peer.mail(1);
  assert.match(notice?.raw.toString() ?? '', /\r\nAction: delayed\r\n/);
  const attempts = (await rig.events('attempted', 1)).filter(({ results }) => results[0]?.outcome === 'deferred');
  assert.ok(attempts.length >= 3, 'the first attempts made none');
});

test('a mail that is only old by a wrong clock, and was hardly tried, is not late', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit({ ...old(), attempt: 0 });
  rig.start({ retryDelays: [200], lateMs: 3_600_000 });
  await rig.events('attempted', 3);
  assert.equal(peer.mails.length, 0);
});

test('NOTIFY without DELAY, the null sender and our own notices are told nothing', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit({ ...old(), recipients: [{ n: 0, address: 'one@to.test', notify: ['NEVER'] }] });
  await rig.commit({ ...old(), recipients: [{ n: 0, address: 'two@to.test', notify: ['FAILURE', 'SUCCESS'] }] });
  await rig.commit({ ...old(), sender: '' });
  await rig.commit({ ...old(), kind: 'dsn', sender: '' });
  rig.start({ retryDelays: [200], lateMs });
  await rig.events('attempted', 8);
  assert.equal(rig.report.events.filter(({ type }) => type === 'accepted').length, 0);
  assert.equal(peer.mails.length, 0);
});

/** Records the attempt that deferred the mail and ends before anything else is done about it. */
async function workerThatEnds(rig: Rig, { id, k, platform, domain }: Awaited<ReturnType<Rig['commit']>>) {
  const stop = new AbortController();
  for await (const taken of rig.queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    const about = { v: 1, at: Date.now(), node: 'ended', id, k, platform, domain } as const;
    const stages = { hop: 'mx.test', tls: null, waitMs: 0, connectMs: 1, transferMs: 1 };
    const results: AttemptedEvent['results'] = [
      { n: 0, outcome: 'deferred', category: 'peer', code: 451, status: '4.3.0' },
    ];
    await rig.log.append([
      { ...about, type: 'attempted', attempt: 3, results, ...stages, nextDue: Date.now() + 1_000 },
    ]);
    taken.release();
    break;
  }
  stop.abort();
}

test('a worker that ends before the notice is queued: whoever follows makes it, once', async (t) => {
  const { peer, rig } = await setUp(t);
  const envelope = await rig.commit(old());
  await workerThatEnds(rig, envelope);
  rig.start({ retryDelays: [300], lateMs });
  const [notice] = await peer.mail(1);
  assert.match(notice?.raw.toString() ?? '', /\r\nAction: delayed\r\nStatus: 4\.3\.0\r\n/);
  await rig.events('attempted', 3);
  peer.script = {};
  await peer.mail(2);
  await rig.entries();
  assert.equal(peer.mails.filter(({ from }) => from === '').length, 1);
});

test('a worker that ends after the notice was queued and before the retry is: it is not queued again', async (t) => {
  const { peer, rig } = await setUp(t);
  peer.script = { RCPT: () => '451 4.3.0 not now' }; // nobody is cut off behind the dot of the notice, which would then come twice
  let broken = 0;
  const { defer } = rig.queue;
  const first = rig.start({
    retryDelays: [300],
    lateMs,
    queue: {
      ...rig.queue,
      defer: async (...given) => {
        if (broken++ > 0) return defer(...given);
        void first.stop(0);
        return { ok: false, reason: 'unavailable', detail: 'ended here' };
      },
    },
  });
  await rig.commit(old());
  await rig.events('accepted', 1);
  await until('the first node ends', () => broken > 0);
  await first.stop(0);
  peer.script = later;
  rig.start({ retryDelays: [300], lateMs });
  await rig.events('attempted', 3);
  peer.script = {};
  await peer.mail(2);
  await rig.entries();
  assert.equal(peer.mails.filter(({ from }) => from === '').length, 1);
});
