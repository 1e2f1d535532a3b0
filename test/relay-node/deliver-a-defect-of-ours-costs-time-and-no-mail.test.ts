// A defect of ours, met in every mail by one bad release, say: entries come again later and later, and are given up only when it has
// been so for an hour. Taking the release back saves the mail.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import type { Setback } from '@relayfleet/contract/setback.ts';
import { streams } from '@relayfleet/contract/subjects.ts';
import type { EventLog } from '@relayfleet/jetstream/event-log.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import type { DeliverDeps } from '@relayfleet/relay-node/deliver.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

async function setUp(t: TestContext) {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  return { peer, rig: await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) })) };
}

/** A node that throws, for as long as it is told to, where it would read the message of each entry. */
const defective = (rig: Rig, isSo: () => boolean): Partial<DeliverDeps> => ({
  queue: {
    ...rig.queue,
    readFirst: async (...of) => {
      if (isSo()) throw new TypeError('a defect');
      return rig.queue.readFirst(...of);
    },
  },
});

async function commitSetBack(rig: Rig, setback: Setback): Promise<void> {
  await rig.commit();
  const stop = new AbortController();
  for await (const taken of rig.queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    assert.ok((await rig.queue.postpone({ ...taken, setback }, Date.now())).ok);
    await taken.done();
    stop.abort();
  }
}

/** What is known of the setbacks of the one entry that waits. */
async function storedSetback(rig: Rig): Promise<string> {
  const reader = await rig.server.connect('reader');
  const [entry] = await listEntries(reader, { states: ['deferred'] });
  const manager = await jetstreamManager(reader.nc, { checkAPI: false });
  const stored = await manager.direct.getMessage(streams.deferred, { last_by_subj: entry?.subject ?? '' });
  return stored?.header.get('Relayfleet-Set-Back') ?? '';
}

test('while a defect lasts its mail comes again after growing pauses; mended, it is delivered as if nothing had been', async (t) => {
  const { peer, rig } = await setUp(t);
  let broken = true;
  await rig.commit();
  rig.start(defective(rig, () => broken));
  await until('set back twice', () => rig.report.setbacks.length === 2);
  assert.deepEqual(
    rig.report.setbacks.map(({ because, times }) => [because, times]),
    [
      ['defect', 1],
      ['defect', 2],
    ],
  );
  assert.equal(rig.report.setbacks[0]?.since, rig.report.setbacks[1]?.since);
  broken = false;
  const [mail] = await peer.mail(1);
  assert.match(mail?.raw.toString() ?? '', /Hello, your order\.\r\n$/);
  const [attempted] = await rig.events('attempted', 1);
  assert.equal(attempted?.attempt, 1);
  await rig.entries();
  assert.equal(peer.mails.length, 1);
});

test('after an hour of it the mail ends as one no node can work on, its sender told; not a minute earlier', async (t) => {
  const { peer, rig } = await setUp(t);
  await commitSetBack(rig, { because: 'defect', times: 30, since: Date.now() - 3_000_000 });
  const broken = () => rig.report.buriedBecause.length === 0;
  const early = rig.start(defective(rig, broken));
  await until('set back once more', () => rig.report.setbacks.length === 1);
  await rig.entries('deferred');
  await early.stop(0);

  await commitSetBack(rig, { because: 'defect', times: 19, since: Date.now() - 3_700_000 });
  rig.start(defective(rig, broken));
  const [notice] = await peer.mail(1);
  assert.match(notice?.raw.toString() ?? '', /\r\nStatus: 5\.3\.0\r\n/);
  assert.match(rig.report.buriedBecause.join(), /defect of ours/);
  await rig.entries('dead', 'deferred');
});

test('an attempt on record ends the count', async (t) => {
  const { peer, rig } = await setUp(t);
  peer.script = { MAIL: () => '450 4.2.1 later' };
  await commitSetBack(rig, { because: 'defect', times: 19, since: Date.now() - 3_700_000 });
  rig.start({ retryDelays: [3_600_000] });
  await rig.events('attempted', 1);
  await rig.entries('deferred');
  assert.equal(await storedSetback(rig), '');
});

test('a defect in what policy says, met once the next hop took the mail, does not keep that from being recorded', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit();
  const isRecorded = () => rig.report.events.some(({ type }) => type === 'attempted');
  const snapshot = () => {
    if (peer.mails.length > 0 && !isRecorded()) throw new Error('a defect');
    return rig.snapshot;
  };
  rig.start({ snapshot });
  await rig.events('attempted', 1);
  await rig.entries();
  assert.deepEqual([peer.mails.length, rig.report.setbacks], [1, []]);
});

test('a defect in telling that a destination answers again comes after the record: nothing is sent twice', async (t) => {
  const { peer, rig } = await setUp(t);
  await peer.goAway();
  for (let n = 0; n < 2; n++) await rig.commit();
  let told = 0;
  const onAnswering = () => {
    told += 1;
    throw new Error('a defect');
  };
  const spacing = { perSlot: 1, slotMs: 1_000, longestMs: 60_000, destinations: 10 };
  rig.start({ spacing, onAnswering, retryDelays: [1_000] });
  await rig.events('attempted', 2);
  await peer.comeBack();
  await until('told', () => told > 0);
  await rig.entries();
  assert.equal(peer.mails.length, 2);
});

test('a defect in recording an attempt is waited out with the entry in hand: nothing is sent twice', async (t) => {
  const { peer, rig } = await setUp(t);
  await rig.commit();
  let met = 0;
  const append: EventLog['append'] = async (...events) => {
    if (met++ < 2) throw new TypeError('a defect');
    return rig.log.append(...events);
  };
  rig.start({ log: { ...rig.log, append } });
  await rig.events('attempted', 1);
  await rig.entries();
  assert.deepEqual([peer.mails.length, rig.report.setbacks, met], [1, [], 3]);
  assert.equal(rig.report.problems.filter((problem) => problem.startsWith('TypeError')).length, 2);
});
