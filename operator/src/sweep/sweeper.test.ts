import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '@relayfleet/contract/order.ts';
import { startSweeper, type SweepEvents, type SweptMail } from './sweeper.ts';

const fleet = { namespace: 'n', name: 'f' };

function setUp() {
  const log: string[] = [];
  const slept: number[] = [];
  const answers = {
    bodies: Promise.withResolvers<ReadonlyMap<string, number>>(),
    waiting: Promise.withResolvers<{ subjects: string[]; upTo: number; now: number }>(),
  };
  let tellOrders: ((orders: readonly Order[]) => void) | undefined;
  const wakes: (() => void)[] = [];
  const mail = {
    bodies: { list: () => (log.push('list'), answers.bodies.promise), withEntries: async () => new Set() },
    waiting: { deferred: () => (log.push('deferred'), answers.waiting.promise) },
    orders: {
      watch: (listener) => ((tellOrders = listener), () => void log.push('unwatched')),
      put: async () => undefined,
      withdraw: async () => undefined,
    },
    onAnswering: () => () => undefined,
  } as Pick<SweptMail, 'orders' | 'onAnswering'> as SweptMail;
  const events = {
    sweptBodies: ({ name }, { finished, orphans }) => void log.push(`swept ${name} ${finished} ${orphans}`),
    sweptOverdue: ({ name }, moved) => void log.push(`overdue ${name} ${moved}`),
    sweepEnded: ({ name }, sweep, at) => void log.push(`ended ${name} ${sweep} at ${at}`),
    sweepFailed: ({ name }, sweep, problem) => void log.push(`failed ${name} ${sweep} ${problem}`),
    ordersSeen: ({ name }, orders) => void log.push(`orders ${name} ${orders.length}`),
  } as Partial<SweepEvents> as SweepEvents;
  const sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      slept.push(ms);
      wakes.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  const sweeper = startSweeper(fleet, { mail, events, now: () => 7, monotonic: () => 0, sleep });
  const turn = async () => {
    for (const wake of wakes.splice(0)) wake();
    for (let n = 0; n < 30; n++) await Promise.resolve();
  };
  return { log, slept, answers, sweeper, turn, orders: (all: readonly Order[]) => tellOrders?.(all) };
}

test('it sweeps once a minute, tells each end, and goes on after a failure; one sweep’s failure is not the other’s', async () => {
  const { log, slept, answers, sweeper, turn } = setUp();
  answers.bodies.resolve(new Map());
  answers.waiting.resolve({ subjects: [], upTo: 0, now: 0 });
  await turn();
  assert.deepEqual(log.splice(0).sort(), [
    'deferred',
    'ended f bodies at 7',
    'ended f overdue at 7',
    'list',
    'overdue f 0',
    'swept f 0 0',
  ]);
  answers.bodies = Promise.withResolvers();
  answers.bodies.reject(new Error('no answer'));
  await turn();
  assert.deepEqual(log.splice(0).sort(), [
    'deferred',
    'ended f overdue at 7',
    'failed f bodies no answer',
    'list',
    'overdue f 0',
  ]);
  await sweeper.stop();
  assert.deepEqual(slept, Array(6).fill(60_000));
});

test('one pass of each at a time, and stopping waits for them', async () => {
  const { log, slept, answers, sweeper, turn } = setUp();
  await turn();
  await turn();
  assert.deepEqual([log.splice(0).sort(), slept.length], [['deferred', 'list'], 2]);
  let stopped = false;
  const stopping = sweeper.stop().then(() => (stopped = true));
  await turn();
  assert.equal(stopped, false);
  answers.bodies.reject(new Error('the connection ended'));
  await turn();
  assert.equal(stopped, false);
  answers.waiting.reject(new Error('the connection ended'));
  await stopping;
  assert.deepEqual(log, ['unwatched', 'orders f 0']);
});

test('orders are followed from the beginning', async () => {
  const { log, sweeper, orders } = setUp();
  orders([{ v: 1, kind: 'hold', name: 'h', filter: {}, reason: '', at: 1 }]);
  await sweeper.stop();
  assert.deepEqual(log, ['orders f 1', 'unwatched', 'orders f 0']);
});
