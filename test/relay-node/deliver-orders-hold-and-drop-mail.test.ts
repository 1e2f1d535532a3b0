// Mail in hand that a person's order concerns is kept unsent while it is in force, or ends without an attempt, once and on record.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { decodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import { streams } from '@relayfleet/contract/subjects.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openWaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import { jetstreamManager } from '@nats-io/jetstream';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const about = { v: 1, reason: 'incident 7', at: 1 } as const;
const hold: Order = { ...about, kind: 'hold', name: 'h', filter: { destination: 'held.test' } };
const drop = (bounce: boolean): Order => ({
  ...about,
  kind: 'drop',
  name: 'd',
  filter: { domain: 'shop.test' },
  bounce,
});

async function setUp(t: TestContext): Promise<{ peer: ScriptedPeer; rig: Rig }> {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  return { peer, rig: await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) })) };
}

/** The one entry that waits, and its subject. */
async function waiting(rig: Rig): Promise<{ subject: string; envelope: Envelope }> {
  const reader = await rig.server.connect('reader');
  const [entry] = await listEntries(reader, { states: ['deferred'] });
  assert.ok(entry);
  const manager = await jetstreamManager(reader.nc, { checkAPI: false });
  const stored = await manager.direct.getMessage(streams.deferred, { last_by_subj: entry.subject });
  const read = stored && decodeEntry(stored.data);
  assert.ok(read?.ok);
  return { subject: entry.subject, envelope: read.value.envelope };
}

/** As the operator brings it forward. */
async function wake(rig: Rig, subject: string): Promise<void> {
  const mail = openWaitingMail(await rig.server.connect('operator'));
  assert.equal(await mail.move(subject, { to: Date.now() - 1_000, because: 'test', wanted: () => true }), 'moved');
}

test('held: unsent and uncounted, others pass it by; released and brought forward it leaves as a first attempt', async (t) => {
  const { peer, rig } = await setUp(t);
  rig.orders = [hold];
  const before = Date.now();
  await rig.commit({ destination: 'held.test' });
  await rig.commit();
  rig.start();
  await peer.mail(1);
  await rig.entries('deferred');
  const { subject, envelope } = await waiting(rig);
  assert.ok(envelope.heldSince !== undefined && envelope.heldSince >= before && envelope.attempt === 0);
  await wake(rig, subject); // while the hold is in force it goes back, and is held since the same moment
  await until('held again', () => rig.report.heldBack.length === 2);
  await rig.entries('deferred');
  const again = await waiting(rig);
  assert.equal(again.envelope.heldSince, envelope.heldSince);

  rig.orders = [];
  await wake(rig, again.subject);
  await peer.mail(2);
  const attempts = await rig.events('attempted', 2);
  assert.deepEqual(
    attempts.map(({ attempt }) => attempt),
    [1, 1],
  );
  await rig.entries();
});

test('released, brought forward and put off by the peer: it waits as its schedule says, not until the hold would have looked again', async (t) => {
  const { peer, rig } = await setUp(t);
  rig.orders = [hold];
  await rig.commit({ destination: 'held.test' });
  rig.start({ retryDelays: [1_000] });
  await rig.entries('deferred');
  const { subject } = await waiting(rig);
  rig.orders = [];
  peer.script = { RCPT: () => '451 4.7.1 greylisted' };
  await wake(rig, subject);
  const [{ at, nextDue } = assert.fail()] = await rig.events('attempted', 1);
  assert.ok(nextDue! > at && nextDue! - at < 2_000, `${nextDue! - at} ms`);
  peer.script = {};
  await peer.mail(1);
  await rig.entries();
});

test('a retry that was brought forward is tried at once, however early, and the next one waits as the schedule says', async (t) => {
  const { peer, rig } = await setUp(t);
  peer.script = { RCPT: () => '451 4.3.0 later' };
  await rig.commit();
  rig.start({ retryDelays: [3_600_000, 1_000] });
  await rig.events('attempted', 1);
  await rig.entries('deferred');
  await wake(rig, (await waiting(rig)).subject);
  const [, { at, nextDue } = assert.fail()] = await rig.events('attempted', 2);
  assert.ok(nextDue! > at && nextDue! - at < 2_000, `${nextDue! - at} ms`);
  peer.script = {};
  await peer.mail(1);
  await rig.entries();
});

for (const bounce of [false, true])
  test(`dropped ${bounce ? 'with' : 'without'} a bounce: no attempt to send, one end on record`, async (t) => {
    const { peer, rig } = await setUp(t);
    rig.orders = [hold, drop(bounce)];
    const to = ['a@to.test', 'b@to.test'].map((address, n) => ({ n, address }));
    await rig.commit({ destination: 'held.test', recipients: to });
    rig.start();
    const [attempted] = await rig.events('attempted', 1);
    const outcome = bounce ? 'bounced' : 'dropped';
    const result = { outcome, category: 'order', status: '5.7.1' };
    assert.deepEqual(attempted?.results, [
      { n: 0, ...result },
      { n: 1, ...result },
    ]);
    assert.deepEqual([attempted.attempt, attempted.hop, attempted.nextDue, attempted.order], [1, null, null, 'd']);
    const [settled] = await rig.events('settled', 1);
    assert.deepEqual(settled?.totals, { delivered: 0, bounced: 0, expired: 0, dropped: 0, [outcome]: 2 });
    if (!bounce) {
      await rig.entries();
      return assert.equal(peer.sessions.length, 0);
    }
    const [notice] = await peer.mail(1);
    assert.match(
      notice?.raw.toString() ?? '',
      /Final-Recipient: rfc822; a@to\.test[^]*Final-Recipient: rfc822; b@to\.test/,
    );
    await rig.entries();
    assert.equal(peer.mails.length, 1);
  });

test('dropped by a worker that ends before the acknowledgement: the next one finds the end on record, whatever is ordered by then', async (t) => {
  const { peer, rig } = await setUp(t);
  rig.orders = [drop(false)];
  await rig.commit();
  let ended = false;
  const { queue } = rig;
  const endsUnacknowledged: Rig['queue'] = {
    ...queue,
    async *take(consumer, options) {
      for await (const taken of queue.take(consumer, options))
        yield { ...taken, done: async () => ((ended = true), taken.release(), false) };
    },
  };
  const first = rig.start({ queue: endsUnacknowledged });
  await until('ended', () => ended);
  await first.stop(0);
  rig.orders = [];
  rig.start({ node: 'node-b' });
  await rig.entries();
  assert.equal(peer.sessions.length, 0);
  assert.equal(rig.report.events.filter(({ type }) => type === 'settled').length, 1);
});
