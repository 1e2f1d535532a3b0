// The lock of a state directory, with real processes as its holders.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { takeLock } from '../../cli/src/local/supervise/lock.ts';

function lockFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-lock-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, 'lock.json');
}

async function holder(t: TestContext) {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  t.after(() => child.kill('SIGKILL'));
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: child.pid ?? 0, end };
}

const unexpected = (): void => assert.fail('nothing to wait for');

test('a lock is taken, and given back', async (t) => {
  const file = lockFile(t);
  const lock = await takeLock(file, 7, unexpected);
  assert.equal(lock.taken, true);
  const { at, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as { at: number };
  assert.deepEqual(rest, { supervisor: process.pid, guard: 7 });
  assert.ok(Math.abs(Date.now() - at) < 10_000);
  if (lock.taken) lock.release();
  assert.equal(existsSync(file), false);
});

test('a living supervisor keeps it, and is named', async (t) => {
  const file = lockFile(t);
  const other = await holder(t);
  writeFileSync(file, JSON.stringify({ supervisor: other.pid, guard: 7, at: Date.now() }));
  const lock = await takeLock(file, 8, unexpected);
  assert.match(
    lock.taken ? '' : lock.problem,
    new RegExp(`process ${other.pid}\\) uses this state; .*--state-dir DIR .*lock\\.json`),
  );
});

test('a killed supervisor leaves it to whoever waits for its guard', async (t) => {
  const file = lockFile(t);
  const [supervisor, guard] = [await holder(t), await holder(t)];
  writeFileSync(file, JSON.stringify({ supervisor: supervisor.pid, guard: guard.pid, at: Date.now() }));
  await supervisor.end();
  let waited = 0;
  const lock = await takeLock(file, 8, () => {
    waited += 1;
    void guard.end();
  });
  assert.deepEqual([lock.taken, waited], [true, 1]);
});

test('parts that outlive supervisor and guard are named, with the way to end them', async (t) => {
  const file = lockFile(t);
  const [supervisor, part] = [await holder(t), await holder(t)];
  writeFileSync(
    file,
    JSON.stringify({ supervisor: supervisor.pid, parts: { 'nats-server': part.pid }, at: Date.now() }),
  );
  await supervisor.end();
  const lock = await takeLock(file, 8, unexpected);
  assert.match(
    lock.taken ? '' : lock.problem,
    new RegExp(`nats-server \\(process ${part.pid}\\); end them with: kill ${part.pid} `),
  );
  await part.end();
  const again = await takeLock(file, 8, unexpected);
  assert.equal(again.taken, true);
  if (again.taken) again.note(new Map([['operator', 5]]));
  assert.match(readFileSync(file, 'utf8'), /"parts":\{"operator":5\}/);
});

test('a lock from before the machine was started counts for nothing', async (t) => {
  const file = lockFile(t);
  const other = await holder(t);
  writeFileSync(file, JSON.stringify({ supervisor: other.pid, at: Date.now() - uptime() * 1000 - 60_000 }));
  assert.equal((await takeLock(file, 8, unexpected)).taken, true);
});

test('a file that holds no lock keeps nobody out', async (t) => {
  const file = lockFile(t);
  for (const text of ['', '{', 'null', '{"supervisor":"x"}', `{"supervisor":${process.pid}}`]) {
    writeFileSync(file, text);
    assert.equal((await takeLock(file, 8, unexpected)).taken, true, text);
  }
});
