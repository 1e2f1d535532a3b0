import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { isAbandoned, withLock } from './lock.ts';

const quiet = { waiting: () => {} };

async function lockFile(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lock-test-'));
  context.after(() => rm(folder, { recursive: true }));
  return join(folder, 'a.lock');
}

test('one at a time, and nothing is left behind', async (context) => {
  const path = await lockFile(context);
  let inside = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    assert.equal(inside, 1);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all([withLock(path, work, quiet), withLock(path, work, quiet), withLock(path, work, quiet)]);
  assert.deepEqual(await readdir(join(path, '..')), []);
});

test('work that fails gives the lock back', async (context) => {
  const path = await lockFile(context);
  await assert.rejects(
    withLock(path, () => Promise.reject(new Error('broken')), quiet),
    /broken/,
  );
  assert.equal(await withLock(path, () => Promise.resolve('again'), quiet), 'again');
});

test('a lock whose heartbeat has stopped is taken over, even when it was never filled', async (context) => {
  const path = await lockFile(context);
  await writeFile(path, '');
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  assert.equal(await withLock(path, () => Promise.resolve('mine'), quiet), 'mine');
});

test('waiting ends when the caller gives up', async (context) => {
  const path = await lockFile(context);
  await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname(), id: 'other' }));
  const signal = AbortSignal.abort();
  await assert.rejects(
    withLock(path, () => Promise.resolve(), { ...quiet, signal }),
    { name: 'AbortError' },
  );
});

test('a holder is gone when its process is, or after half a minute of silence', () => {
  const holder = { pid: 42, host: 'here', id: 'x' };
  const dead = { host: 'here', alive: () => false };
  const alive = { host: 'here', alive: () => true };
  assert.equal(isAbandoned(holder, 1_000, alive), false);
  assert.equal(isAbandoned(holder, 1_000, dead), true);
  assert.equal(isAbandoned({ ...holder, host: 'elsewhere' }, 1_000, dead), false);
  assert.equal(isAbandoned(holder, 31_000, alive), true);
  assert.equal(isAbandoned(undefined, 1_000, dead), false);
  assert.equal(isAbandoned(undefined, 31_000, alive), true);
});
