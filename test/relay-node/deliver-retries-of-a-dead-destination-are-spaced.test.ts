// Mail for a destination that cannot be reached falls due at a bounded pace. When it answers again, all of it leaves at once, by an
// order of the operator's own.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { tellAnswering, watchAnswering, type Answering } from '@relayfleet/jetstream/answering.ts';
import { openOrderBook, watchOrders } from '@relayfleet/jetstream/orders.ts';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { openWaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import { startSweeper, type SweepEvents } from '../../operator/src/sweep/sweeper.ts';
import { startReceiver } from '../harness/receiver.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const mails = 12;
/** Two in a slot of ten minutes: twelve mails of one hour and a tenth need more than there are. */
const spacing = { perSlot: 2, slotMs: 600_000, longestMs: 10 * 3_600_000, destinations: 10 };

const hour = 3_600_000;
const backlog = 3_000;

test('the retries of a destination that is down are spread out, and brought forward when it answers', async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.goAway());
  await receiver.goAway();
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: receiver.port }) }));
  const { orders, heard } = await startOperator(t, rig);
  for (let n = 0; n < mails; n++) await rig.commit();
  const onAnswering = (waiting: Answering) => tellAnswering(rig.nats, waiting);
  rig.start({ spacing, onAnswering, retryDelays: [hour] });

  const attempts = await rig.events('attempted', mails);
  const slots = Map.groupBy(attempts, ({ nextDue }) => Math.floor(nextDue! / spacing.slotMs));
  assert.ok([...slots.values()].every(({ length }) => length <= spacing.perSlot));
  await rig.entries(...Array.from({ length: mails }, () => 'deferred'));
  assert.deepEqual([heard, await orders.list()], [[], []]);

  await receiver.comeBack();
  let fresh = 0;
  const getsThrough = async () => {
    await rig.commit();
    fresh++;
    return receiver.taken.length > 0;
  };
  await until('the hop is tried again', getsThrough, { everyMs: 300 });
  await until('all have left', () => receiver.taken.length === mails + fresh);
  await rig.entries();
  assert.deepEqual(heard, [{ domain: 'shop.test', destination: 'to.test' }]);
  await until('the order is withdrawn', async () => (await orders.list()).length === 0);
});

test('3,000 mails whose host is down: other mail passes while they are tried again, and all leave once it is back', async (t) => {
  const [dead, living] = [await startPeer(), await startPeer()];
  t.after(() => Promise.all([dead.goAway(), living.goAway()]));
  await dead.goAway();
  const [toDead] = viaSmarthosts({ port: dead.port });
  const [rest] = viaSmarthosts({ port: living.port });
  const routes = [{ ...toDead!, name: 'dead', recipientDomains: ['dead.test'] }, rest!];
  const rig = await startRig(t, snapshotWith({ routes }));
  const { orders } = await startOperator(t, rig);
  const forDead = (n: number) =>
    rig.commit({ destination: 'dead', recipients: [{ n: 0, address: `user-${n}@dead.test` }] });
  const tried = (times: number) =>
    rig.report.events.filter((event) => event.type === 'attempted' && event.attempt === times).length;

  await Promise.all(Array.from({ length: backlog }, (_, n) => forDead(n)));
  const onAnswering = (waiting: Answering) => tellAnswering(rig.nats, waiting);
  rig.start({ onAnswering, retryDelays: [1_000, hour], concurrency: 40 });
  await until('each was tried, and some again', () => tried(1) === backlog && tried(2) > 0);

  const others = 200;
  await Promise.all(Array.from({ length: others }, () => rig.commit()));
  await until('other mail has passed', () => living.mails.length === others);
  assert.ok(tried(2) < backlog / 4, `${tried(2)} retries were made before`);

  await dead.comeBack();
  let fresh = 0;
  const getsThrough = async () => {
    await forDead(backlog + fresh++);
    return dead.mails.length > 0;
  };
  await until('the hop is tried again', getsThrough, { everyMs: 300 });
  await until('all have left', () => dead.mails.length >= backlog + fresh);
  await rig.entries();
  assert.equal(new Set(dead.mails.map(({ to }) => to.join())).size, backlog + fresh);
  assert.deepEqual([dead.mails.length, living.mails.length], [backlog + fresh, others], 'once each');
  await until('the order is withdrawn', async () => (await orders.list()).length === 0);
});

/** Carries out what nodes tell it and what people order. */
async function startOperator(t: TestContext, rig: Rig) {
  const operator = await rig.server.connect('operator');
  const orders = openOrderBook(operator);
  const heard: Answering[] = [];
  const sweeper = startSweeper(fleet, {
    mail: {
      bodies: openStoredBodies(operator),
      waiting: openWaitingMail(operator),
      orders: { watch: (listener) => watchOrders(operator, listener), put: orders.put, withdraw: orders.withdraw },
      onAnswering: (listener) =>
        watchAnswering(operator, (waiting) => {
          heard.push(waiting);
          listener(waiting);
        }),
    },
    events: silent,
    now: Date.now,
    monotonic: () => performance.now(),
    sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
  });
  t.after(() => sweeper.stop());
  return { orders, heard };
}

const fleet = { namespace: 'relayfleet-system', name: 'default' };

const nothing = () => undefined;
const silent: SweepEvents = {
  ordersSeen: nothing,
  orderBegun: nothing,
  orderDone: nothing,
  orderStalled: nothing,
  sweptBodies: nothing,
  sweptOverdue: nothing,
  sweepEnded: nothing,
  sweepFailed: nothing,
  movedForward: nothing,
};
