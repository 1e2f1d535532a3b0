// A backlog for a destination that is slow, or silent, leaves the lane to others: what exceeds its share is put back unsent and
// uncounted, and arrives in the end, once. Judged by the order of arrival, not by time.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openWaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import { standardDeadlines } from '../../relay-node/src/delivery/smtp-client.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { hang, startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

type Scene = {
  readonly rig: Rig;
  readonly slow: ScriptedPeer;
  readonly quick: ScriptedPeer;
  /** How long the slow one thinks about each mail. */
  readonly pace: { thinkMs: number };
};

/** Mail to `slow.test` has a next hop of its own. */
async function setUp(t: TestContext): Promise<Scene> {
  const pace = { thinkMs: 2_000 };
  const [slow, quick] = [await startPeer({ thinkMs: () => pace.thinkMs }), await startPeer()];
  t.after(() => Promise.all([slow.goAway(), quick.goAway()]));
  const [toSlow] = viaSmarthosts({ port: slow.port });
  const [rest] = viaSmarthosts({ port: quick.port });
  const routes = [{ ...toSlow!, name: 'slow', recipientDomains: ['slow.test'] }, rest!];
  return { rig: await startRig(t, snapshotWith({ routes })), slow, quick, pace };
}

async function backlog({ rig }: Scene, count: number): Promise<void> {
  const recipients = [{ n: 0, address: 'someone@slow.test' }];
  const commits = Array.from({ length: count }, () => rig.commit({ destination: 'slow.shop.test', recipients }));
  await Promise.all(commits);
}

/** As the operator brings forward what waits, until nothing does: not the copy of a mail that was sent either. */
async function wakeAll(rig: Rig, isDone: () => boolean): Promise<void> {
  const mail = openWaitingMail(await rig.server.connect('operator'));
  let left: readonly string[] = [];
  const what = () =>
    `all brought forward; left: ${left.slice(0, 3).join()} of ${left.length}; ${rig.report.problems.join()}`;
  await until(what, async () => {
    left = (await listEntries(rig.nats, {})).map(({ subject }) => subject);
    const entries = await listEntries(rig.nats, { states: ['deferred'] });
    const wanted = ({ at }: { readonly at: number }) => at > Date.now();
    for (const { subject } of entries) await mail.move(subject, { to: Date.now() - 1_000, because: 'test', wanted });
    return isDone() && left.length === 0;
  });
}

test('500 mails for a receiver that thinks for 2 s about each: another’s mail behind them does not wait for them', async (t) => {
  const scene = await setUp(t);
  const { rig, slow, quick, pace } = scene;
  await backlog(scene, 500);
  for (let n = 0; n < 5; n++) await rig.commit({ destination: 'all.shop.test' });
  rig.start({ concurrency: 20, deadlines: standardDeadlines });
  await quick.mail(5, 120_000);
  assert.ok(slow.mails.length < 250, `${slow.mails.length} of the backlog went first`);
  assert.ok(rig.report.surplus.length > 0);

  pace.thinkMs = 0;
  await wakeAll(rig, () => slow.mails.length >= 500);
  await rig.entries();
  assert.equal(slow.mails.length, 500);
  const attempts = await rig.events('attempted', 505);
  assert.ok(attempts.every(({ attempt, results }) => attempt === 1 && results[0]?.outcome === 'delivered'));
});

test('a receiver that says nothing for minutes keeps two thirds of the lane, and mail for others still passes', async (t) => {
  const scene = await setUp(t);
  const { rig, slow, quick } = scene;
  slow.script = { MAIL: () => hang };
  await backlog(scene, 60);
  rig.start({ concurrency: 12, deadlines: standardDeadlines });
  await until('hanging', () => slow.open() >= 8);
  await rig.commit({ destination: 'all.shop.test' });
  await quick.mail(1, 60_000);
  assert.equal(slow.mails.length, 0);
});

test('a worker that ends after putting surplus back and before acknowledging it: no mail is lost, none sent twice', async (t) => {
  const scene = await setUp(t);
  const { rig, slow, pace } = scene;
  await backlog(scene, 40);
  let ends = 0;
  const { queue } = rig;
  const endsUnacknowledged: Rig['queue'] = {
    ...queue,
    async *take(consumer, options) {
      for await (const taken of queue.take(consumer, options))
        yield { ...taken, done: async () => (++ends > 10 ? taken.done() : (taken.release(), false)) };
    },
  };
  rig.start({ concurrency: 6, deadlines: standardDeadlines, queue: endsUnacknowledged });
  await until('surplus was put back', () => rig.report.surplus.length > 10);
  pace.thinkMs = 0;
  await wakeAll(rig, () => slow.mails.length >= 40);
  await rig.entries();
  assert.equal(slow.mails.length, 40);
});
