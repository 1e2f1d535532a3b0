// What the supervisor of a local fleet does with real processes that die, hang, never get ready, or lose their supervisor.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startGuard } from '../../cli/src/local/supervise/guard.ts';
import type { Part, PartEvent } from '../../cli/src/local/supervise/part.ts';
import { createSupervisor } from '../../cli/src/local/supervise/supervisor.ts';
import { until } from '../harness/until.ts';

/** A part that is ready once it has written a file, and obeys SIGTERM unless it is stubborn. */
function filePart(
  directory: string,
  name: string,
  options: { tier?: number; script?: string; stopGraceMs?: number } = {},
): Part {
  const sign = join(directory, `${name}.ready`);
  const script =
    options.script ??
    `require('fs').writeFileSync(${JSON.stringify(sign)}, String(process.pid)); setInterval(() => {}, 1e6)`;
  return {
    name,
    command: process.execPath,
    args: ['-e', script],
    env: {},
    logFile: join(directory, `${name}.log`),
    probe: async () => existsSync(sign),
    tier: options.tier ?? 0,
    stopGraceMs: options.stopGraceMs ?? 5_000,
  };
}

function supervise(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-supervisor-'));
  const events: PartEvent[] = [];
  const supervisor = createSupervisor({ guard: startGuard(), onEvent: (event) => events.push(event) });
  t.after(async () => {
    await supervisor.stop();
    rmSync(directory, { recursive: true });
  });
  return { directory, events, supervisor };
}

const never = new AbortController().signal;

test('a part that is killed is started again and is said to be back', async (t) => {
  const { directory, events, supervisor } = supervise(t);
  await supervisor.launch(filePart(directory, 'a'), never);
  const first = supervisor.readyPids().get('a') ?? 0;
  process.kill(first, 'SIGKILL');
  const second = await until('it is back', () => {
    const pid = supervisor.readyPids().get('a');
    return pid !== undefined && pid !== first ? pid : undefined;
  });
  assert.notEqual(second, first);
  const [ready, ended, back] = events;
  assert.equal(ready?.kind === 'ready' && ready.first, true);
  assert.equal(ended?.kind === 'ended' && ended.how, 'was ended by SIGKILL');
  assert.equal(back?.kind === 'ready' && back.first, false);
});

test('a part that never gets ready is given up, with the end of its log', async (t) => {
  const { directory, supervisor } = supervise(t);
  const part = filePart(directory, 'broken', { script: `console.error('port 1 is taken'); process.exit(3)` });
  await assert.rejects(
    supervisor.launch(part, never),
    /broken does not start: it ended with code 3, 3 times[^]*port 1 is taken/,
  );
  const missing = { ...filePart(directory, 'missing'), command: join(directory, 'no-such-program') };
  await assert.rejects(supervisor.launch(missing, never), /missing does not start: it could not be started \(.*ENOENT/);
});

test('parts stop from the highest tier down, and one that does not listen is ended', async (t) => {
  const { directory, supervisor } = supervise(t);
  const order = join(directory, 'order');
  const noting = (name: string, also = ''): string =>
    `const fs = require('fs'); process.on('SIGTERM', () => { fs.appendFileSync(${JSON.stringify(order)}, '${name} '); ${also || 'process.exit(0)'} });` +
    `fs.writeFileSync(${JSON.stringify(join(directory, `${name}.ready`))}, ''); setInterval(() => {}, 1e6)`;
  await supervisor.launch(filePart(directory, 'low', { tier: 0, script: noting('low') }), never);
  await supervisor.launch(filePart(directory, 'high', { tier: 2, script: noting('high') }), never);
  await supervisor.launch(
    filePart(directory, 'deaf', { tier: 1, script: noting('deaf', ';'), stopGraceMs: 200 }),
    never,
  );
  const pids = [...supervisor.readyPids().values()];
  await supervisor.stop();
  assert.equal(readFileSync(order, 'utf8'), 'high deaf low ');
  assert.deepEqual(pids.filter(isAlive), []);
});

test('a launch that is stopped before the part is ready ends, and the part with it', async (t) => {
  const { directory, supervisor } = supervise(t);
  const stop = new AbortController();
  const launch = supervisor.launch(filePart(directory, 'slow', { script: 'setInterval(() => {}, 1e6)' }), stop.signal);
  stop.abort();
  await assert.rejects(launch, /stopped/);
});

test('when the supervisor is killed its parts end by themselves', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-orphans-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const home = join(import.meta.dirname, '../..');
  const program = join(directory, 'supervise.ts');
  writeFileSync(
    program,
    `import { existsSync } from 'node:fs';
     import { startGuard } from '${home}/cli/src/local/supervise/guard.ts';
     import { createSupervisor } from '${home}/cli/src/local/supervise/supervisor.ts';
     const supervisor = createSupervisor({ guard: startGuard(), onEvent: () => undefined });
     for (const [name, script] of ${JSON.stringify([
       ['willing', 'setInterval(() => {}, 1e6)'],
       ['deaf', "process.on('SIGTERM', () => undefined); setInterval(() => {}, 1e6)"],
     ])})
       await supervisor.launch({ name, command: process.execPath, args: ['-e', script], env: {}, logFile: '${directory}/log',
         probe: async () => true, tier: 0, stopGraceMs: 1000 }, new AbortController().signal);
     console.log(JSON.stringify([...supervisor.readyPids().values()]));
     setInterval(() => {}, 1e6);`,
  );
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const pids = JSON.parse(line.toString()) as number[];
  assert.deepEqual(pids.map(isAlive), [true, true]);
  child.kill('SIGKILL');
  await until('the parts are gone', () => !pids.some(isAlive), { withinMs: 15_000 });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
