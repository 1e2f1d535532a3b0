// Mail for a destination that cannot be reached falls due at a bounded pace. When it answers again, all of it leaves at once, by an
// order of the operator's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { tellAnswering, watchAnswering } from '@relayfleet/jetstream/answering.ts';
import { openOrderBook, watchOrders } from '@relayfleet/jetstream/orders.ts';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { openWaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import { startSweeper, type SweepEvents } from '../../operator/src/sweep/sweeper.ts';
import { startReceiver } from '../harness/receiver.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { until } from '../harness/until.ts';

const mails = 12;
/** Two in a slot of ten minutes: twelve mails of one hour and a tenth need more than there are. */
const spacing = { perSlot: 2, slotMs: 600_000, longestMs: 10 * 3_600_000, destinations: 10 };

const hour = 3_600_000;

test('the retries of a destination that is down are spread out, and brought forward when it answers', async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.goAway());
  await receiver.goAway();
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: receiver.port }) }));
  const operator = await rig.server.connect('operator');
  const orders = openOrderBook(operator);
  const heard: string[] = [];
  const sweeper = startSweeper(fleet, {
    mail: {
      bodies: openStoredBodies(operator),
      waiting: openWaitingMail(operator),
      orders: { watch: (listener) => watchOrders(operator, listener), put: orders.put, withdraw: orders.withdraw },
      onAnswering: (listener) =>
        watchAnswering(operator, (destination) => {
          heard.push(destination);
          listener(destination);
        }),
    },
    events: silent,
    now: Date.now,
    monotonic: () => performance.now(),
    sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
  });
  t.after(() => sweeper.stop());
  for (let n = 0; n < mails; n++) await rig.commit();
  const onAnswering = (destination: string) => tellAnswering(rig.nats, destination);
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
  assert.deepEqual(heard, ['to.test']);
  await until('the order is withdrawn', async () => (await orders.list()).length === 0);
});

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
