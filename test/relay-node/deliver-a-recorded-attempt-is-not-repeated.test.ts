// A node that ends between the record and the acknowledgement leaves an entry that comes again. It is not sent again: the record
// says how far it came, and the rest is done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import type { RecipientResult } from '@relayfleet/contract/outcome.ts';
import type { Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { snapshotWith, startRig, usualMail, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { anAttempt } from '../harness/queue.ts';
import { startPeer } from '../harness/scripted-peer.ts';

type Envelope = Awaited<ReturnType<Rig['commit']>>;

const results = {
  delivered: { n: 0, outcome: 'delivered', category: 'accepted', code: 250, status: '2.0.0' },
  deferred: { n: 0, outcome: 'deferred', category: 'peer', code: 451, status: '4.3.0' },
  bounced: { n: 0, outcome: 'bounced', category: 'recipient', code: 550, status: '5.1.1' },
} as const satisfies Record<string, RecipientResult>;

/** Takes the entry as a worker would, writes the record of its attempt, and ends: the entry goes back unacknowledged. */
async function workerThatEnds(
  rig: Rig,
  envelope: Envelope,
  outcome: keyof typeof results,
  nextDue: number | null = null,
): Promise<AttemptedEvent> {
  const stop = new AbortController();
  let taken: Taken | undefined;
  for await (const entry of rig.queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    taken = entry;
    break;
  }
  const record = { ...anAttempt(envelope), node: 'ended', results: [results[outcome]], nextDue };
  await rig.log.append([record]);
  taken?.release();
  stop.abort();
  return record;
}

async function setUp(t: Parameters<typeof startRig>[0]) {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  return { peer, rig: await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) })) };
}

test('delivered and recorded: acknowledged without a word to the receiver', async (t) => {
  const { peer, rig } = await setUp(t);
  const envelope = await rig.commit();
  await workerThatEnds(rig, envelope, 'delivered');
  rig.start();
  await rig.entries();
  assert.equal(peer.sessions.length, 0);
  assert.deepEqual(rig.report.events, []);
});

test('deferred and recorded: put back for the moment on record, then delivered once', async (t) => {
  const { peer, rig } = await setUp(t);
  const envelope = await rig.commit();
  const due = Date.now() + 1_500;
  await workerThatEnds(rig, envelope, 'deferred', due);
  rig.start();
  const [attempted] = await rig.events('attempted', 1);
  assert.equal(attempted?.attempt, 2);
  assert.ok(attempted.at >= due);
  await rig.entries();
  assert.equal(peer.mails.length, 1);
});

test('bounced and recorded: the bounce is made, once', async (t) => {
  const { peer, rig } = await setUp(t);
  const envelope = await rig.commit();
  await workerThatEnds(rig, envelope, 'bounced');
  rig.start();
  const [bounce] = await peer.mail(1);
  assert.equal(bounce?.from, '');
  assert.match(bounce.raw.toString(), /\r\nStatus: 5\.1\.1\r\n/);
  await rig.entries();
  assert.equal(peer.mails.length, 1);
});

test('recorded as bounced by a worker that stood still while the entry moved on: the bounce is made once', async (t) => {
  const { peer, rig } = await setUp(t);
  const envelope = await rig.commit();
  await workerThatEnds(rig, envelope, 'bounced');
  const body = await rig.queue.putBody(envelope.id, usualMail);
  assert.ok(body.ok);
  const movedOn = { ...envelope, attempt: 2, due: Date.now(), body: body.ref };
  assert.ok((await rig.queue.defer(movedOn, movedOn.due)).ok);
  rig.start();
  await peer.mail(1);
  await rig.entries();
  assert.deepEqual(
    peer.mails.map(({ from }) => from),
    [''],
  );
});

test('an entry whose mail has moved on without it is dropped', async (t) => {
  const { peer, rig } = await setUp(t);
  const envelope = await rig.commit();
  const record = await workerThatEnds(rig, envelope, 'deferred', Date.now() + 1_000);
  await rig.log.append([{ ...record, at: record.at + 1, attempt: 2, nextDue: Date.now() + 3_600_000 }]);
  rig.start();
  await rig.entries();
  assert.equal(peer.sessions.length, 0);
});

test('a worker that ends before the record: sent again, since nobody knows better', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit();
  const stop = new AbortController();
  for await (const taken of rig.queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    taken.release();
    break;
  }
  stop.abort();
  rig.start();
  await peer.mail(1);
  await rig.entries();
});
