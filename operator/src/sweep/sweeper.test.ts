import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { startSweeper } from './sweeper.ts';

const fleet = { namespace: 'n', name: 'f' };

function setUp() {
  const log: string[] = [];
  const slept: number[] = [];
  const list = { answer: Promise.withResolvers<ReadonlyMap<string, number>>() };
  let wake: (() => void) | undefined;
  const sweeper = startSweeper(fleet, {
    bodies: {
      list: () => (log.push('list'), list.answer.promise),
      withEntries: async () => new Set(),
    } as unknown as StoredBodies,
    events: {
      swept: ({ name }, { finished, orphans }, at) => void log.push(`swept ${name} ${finished} ${orphans} at ${at}`),
      sweepFailed: ({ name }, problem) => void log.push(`failed ${name} ${problem}`),
    },
    now: () => 7,
    monotonic: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        slept.push(ms);
        wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  });
  const turn = async () => {
    wake?.();
    for (let n = 0; n < 20; n++) await Promise.resolve();
  };
  return { log, slept, list, sweeper, turn };
}

test('it sweeps once a minute, tells each end, and goes on after a failure', async () => {
  const { log, slept, list, sweeper, turn } = setUp();
  list.answer.resolve(new Map());
  await turn();
  list.answer = Promise.withResolvers();
  list.answer.reject(new Error('no answer'));
  await turn();
  await sweeper.stop();
  assert.deepEqual(log, ['list', 'swept f 0 0 at 7', 'list', 'failed f no answer']);
  assert.deepEqual(slept, [60_000, 60_000, 60_000]);
});

test('one pass at a time, and stopping waits for it', async () => {
  const { log, slept, list, sweeper, turn } = setUp();
  await turn();
  await turn();
  assert.deepEqual([log, slept.length], [['list'], 1]);
  let stopped = false;
  const stopping = sweeper.stop().then(() => (stopped = true));
  await turn();
  assert.equal(stopped, false);
  list.answer.reject(new Error('the connection ended'));
  await stopping;
  assert.deepEqual(log, ['list']);
});
