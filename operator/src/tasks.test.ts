import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTaskPool, type TaskResult } from './tasks.ts';

const done: TaskResult = { ok: true, changed: true };

function setUp(concurrency = 2) {
  const timers: { ms: number; callback: () => void; cancelled: boolean }[] = [];
  const settled: string[] = [];
  const started: string[] = [];
  const open = new Map<string, (result: TaskResult) => void>();
  let supersessions = 0;
  const pool = createTaskPool({
    concurrency,
    random: () => 0,
    monotonic: () => 0,
    onSuperseded: () => supersessions++,
    later(ms, callback) {
      const timer = { ms, callback, cancelled: false };
      timers.push(timer);
      return () => (timer.cancelled = true);
    },
    onSettled: (key, result) => void settled.push(`${key} ${result.ok ? 'ok' : result.problem}`),
  });
  const task = (key: string, note = key) => ({
    key,
    run: () => {
      started.push(note);
      return new Promise<TaskResult>((resolve) => open.set(key, resolve));
    },
  });
  const end = async (key: string, result = done) => {
    open.get(key)?.(result);
    await new Promise(setImmediate);
  };
  const ring = async (index: number) => {
    const timer = timers[index];
    if (timer && !timer.cancelled) timer.callback();
    await new Promise(setImmediate);
  };
  return { pool, timers, settled, started, superseded: () => supersessions, task, end, ring };
}

const failed = (problem: string): TaskResult => ({ ok: false, problem });

test('a few at once, in the order wanted; what is no longer wanted is not begun', async () => {
  const { pool, started, task, end } = setUp();
  pool.want(['a', 'b', 'c', 'd'].map((key) => task(key)));
  assert.deepEqual([started, pool.depth()], [['a', 'b'], 4]);
  pool.want(['d', 'e'].map((key) => task(key, `${key}2`)));
  await end('a');
  assert.deepEqual(started, ['a', 'b', 'd2']);
});

test('a key wanted while it is under way is not begun again: a plan that knows its result must say so', async () => {
  const { pool, started, superseded, task, end } = setUp();
  pool.want([task('a', 'a1')]);
  pool.want([task('a', 'a2')]);
  assert.deepEqual(started, ['a1']);
  await end('a');
  assert.deepEqual([started, superseded()], [['a1'], 1]);
  pool.want([task('a', 'a3')]);
  await end('a');
  assert.deepEqual([started, superseded()], [['a1', 'a3'], 1]);
});

test('a failure waits longer each time, is not begun by a new plan, and is retried with the newest task', async () => {
  const { pool, timers, started, settled, task, end, ring } = setUp();
  pool.want([task('a', 'a1')]);
  await end('a', failed('no'));
  pool.want([task('a', 'a2'), task('b')]);
  assert.deepEqual(started, ['a1', 'b']);
  await ring(0);
  assert.deepEqual(started, ['a1', 'b', 'a2']);
  await end('a', failed('no'));
  assert.deepEqual(
    timers.map(({ ms }) => ms),
    [200, 400],
  );
  assert.deepEqual([...pool.failing()], [['a', 'no']]);
  await ring(1);
  await end('a');
  assert.deepEqual([...pool.failing()], []);
  assert.deepEqual(settled, ['a no', 'a no', 'a ok']);
});

test('a failure that is no longer wanted is forgotten, with its back-off', async () => {
  const { pool, timers, started, task, end, ring } = setUp();
  pool.want([task('a', 'a1')]);
  await end('a', failed('no'));
  pool.want([]);
  assert.deepEqual([timers[0]?.cancelled, pool.failing().size], [true, 0]);
  await ring(0);
  pool.want([task('a', 'a2')]);
  assert.deepEqual(started, ['a1', 'a2']);
});

test('a task that throws has failed', async () => {
  const { pool, settled } = setUp();
  pool.want([{ key: 'a', run: () => Promise.reject(new Error('lost')) }]);
  await new Promise(setImmediate);
  assert.deepEqual(settled, ['a lost']);
});

test('stopping waits for what is under way and begins nothing else', async () => {
  const { pool, started, task, end } = setUp(1);
  pool.want([task('a'), task('b')]);
  const stopped = pool.stop();
  await end('a');
  await stopped;
  pool.want([task('c')]);
  assert.deepEqual(started, ['a']);
});
