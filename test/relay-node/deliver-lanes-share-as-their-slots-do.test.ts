// With all lanes full of mail for receivers of one kind, transactional mail gets as much as bulk mail and retries together, and
// those two get the same; no flood in one lane takes a slot of another. Counted, not timed: the receiver answers when it is told to.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { consumers, type ConsumerKey } from '@relayfleet/contract/subjects.ts';
import { standardDeadlines } from '../../relay-node/src/delivery/smtp-client.ts';
import { snapshotWith, startRig, usualMail, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { anEnvelope } from '../harness/queue.ts';
import { startReceiver } from '../harness/receiver.ts';
import { fleetPolicy } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

type Counts = Readonly<Record<ConsumerKey, number>>;
const lanes = Object.keys(consumers) as ConsumerKey[];
const owner = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
const full: Counts = { transactional: 8, retry: 4, bulk: 4 };
const total = ({ transactional, retry, bulk }: Counts) => transactional + retry + bulk;

type Offered = { readonly lane: ConsumerKey; answer(): void };

/** One hop for all mail, which tells by its recipient which lane it came through. */
async function setUp(t: TestContext, backlog: Counts, sessions: number) {
  const offered: Offered[] = [];
  const receiver = await startReceiver({
    until: ({ to }) =>
      new Promise((resolve) => offered.push({ lane: to[0]!.split('@')[0] as ConsumerKey, answer: resolve })),
  });
  t.after(() => receiver.goAway());
  const { limits } = fleetPolicy();
  const fleet = fleetPolicy({ limits: { ...limits, connectionsPerDestination: sessions } });
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: receiver.port }) }, { fleet }));
  for (const lane of lanes) for (let n = 0; n < backlog[lane]; n++) await put(rig, lane, n);
  const { queue, inHand } = counting(rig);
  rig.start({ concurrency: full.transactional, deadlines: standardDeadlines, queue });
  return { offered, receiver, inHand };
}

/** Each of a destination of its own, so that no destination's share is what keeps slots free. */
async function put(rig: Rig, lane: ConsumerKey, n: number): Promise<void> {
  const recipients = [{ n: 0, address: `${lane}@to.test` }];
  const destination = `${lane}-${n}.shop.test`;
  if (lane !== 'retry') return void (await rig.commit({ lane, destination, recipients }));
  const envelope = anEnvelope({ ...owner, destination, recipients, attempt: 1, due: Date.now() });
  const stored = await rig.queue.putBody(envelope.id, usualMail);
  assert.ok(stored.ok);
  assert.ok((await rig.queue.defer({ ...envelope, body: stored.ref }, envelope.due)).ok);
}

/** The rig's queue, and how many entries a node has of each lane. */
function counting({ queue }: Rig): { readonly queue: Rig['queue']; readonly inHand: Counts } {
  const inHand = { transactional: 0, retry: 0, bulk: 0 };
  const take: Rig['queue']['take'] = async function* (lane, options) {
    for await (const taken of queue.take(lane, options)) {
      inHand[lane]++;
      yield { ...taken, done: () => taken.done().finally(() => inHand[lane]--) };
    }
  };
  return { queue: { ...queue, take }, inHand };
}

function count(offered: readonly Offered[]): Counts {
  const of = (lane: ConsumerKey) => offered.filter((one) => one.lane === lane).length;
  return { transactional: of('transactional'), retry: of('retry'), bulk: of('bulk') };
}

const soon = { everyMs: 5 };

test('all lanes full: at any time half of what a receiver has to answer is transactional, a quarter each retries and bulk', async (t) => {
  const { offered } = await setUp(t, { transactional: 48, retry: 24, bulk: 24 }, 60);
  for (let round = 0; round < 6; round++) {
    await until('all slots are taken', () => offered.length >= total(full), soon);
    assert.deepEqual(count(offered), full);
    offered.splice(0).forEach(({ answer }) => answer());
  }
});

test('a flood of transactional mail leaves bulk mail and retries their slots', async (t) => {
  const { offered, receiver } = await setUp(t, { transactional: 120, retry: 12, bulk: 12 }, 60);
  for (let round = 0; round < 3; round++) {
    await until('all slots are taken', () => offered.length >= total(full), soon);
    assert.deepEqual(count(offered), full);
    offered.splice(0).forEach(({ answer }) => answer());
  }
  await until('both small backlogs have left', () => receiver.taken.length >= 3 * total(full), soon);
  await until('its own slots are all that the flood has', () => offered.length >= full.transactional, soon);
  assert.deepEqual(count(offered), { transactional: full.transactional, retry: 0, bulk: 0 });
});

test('where a receiver takes four sessions for all lanes, they are given out as the lanes have slots', async (t) => {
  const sessions = 4;
  const { offered, inHand } = await setUp(t, { transactional: 80, retry: 50, bulk: 50 }, sessions);
  const answered: Offered[] = [];
  while (answered.length < 4 * total(full)) {
    const isFull = () => offered.length >= sessions && lanes.every((lane) => inHand[lane] === full[lane]);
    await until(() => `all slots are taken: ${JSON.stringify(inHand)}`, isFull, soon);
    assert.equal(offered.length, sessions);
    const next = offered.shift()!;
    answered.push(next);
    next.answer();
  }
  const { transactional, retry, bulk } = count(answered);
  const about = (few: number, many: number) => Math.abs(few - many) <= total(full) / 2;
  assert.ok(about(transactional, retry + bulk) && about(retry, bulk), JSON.stringify({ transactional, retry, bulk }));
});
