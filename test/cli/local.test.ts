// A day with `relayfleet local`: the commands it prints work, edits and deaths are told, the other commands see what it does,
// Ctrl-C leaves nothing behind.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { copyBlock } from '../../cli/src/local/story/copy-block.ts';
import { until } from '../harness/until.ts';
import { home, startLive, type LiveRun } from './local-run.ts';

const run = promisify(execFile);

function relayfleet({ state }: LiveRun, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [join(home, 'cli/src/main.ts'), ...args, '--state-dir', state], { cwd: home });
}

test('a local fleet tells its story, from the demonstration mail to Ctrl-C', async (t) => {
  const live = await startLive(t);

  await t.test('the demonstration mail crossed the fleet and was verified', () => {
    assert.match(live.printed(), /accepted by node-\d over TLSv1\.3, queued as [0-9A-Z]{26} \(durable after \d+ ms\)/);
    assert.match(live.printed(), /dkim=pass \(ed25519-sha256 and rsa-sha256\) spf=pass dmarc=pass/);
    assert.match(live.printed(), /delivered by node-\d to mx\.receiver\.test over TLSv1\.3/);
  });

  await t.test('the ready file is the owner’s alone', () => {
    assert.equal(statSync(join(live.state, 'ready.json')).mode & 0o777, 0o600);
    assert.deepEqual(
      live
        .ready()
        .parts.map(({ name }) => name)
        .toSorted(),
      ['dns-server', 'nats-server', 'node-1', 'node-2', 'operator', 'receiver'],
    );
  });

  for (const tool of ['swaks', 'curl', 'Python', 'nodemailer']) {
    const command = section(copyBlock(live.ready()), tool);
    const skip = missing(tool);
    await t.test(`the ${tool} command that is printed works as it stands`, { skip }, async () => {
      await run('sh', ['-c', command.replace(/^node /, `'${process.execPath}' `)], { cwd: home });
      await live.saysNext(/received: dkim=pass \(ed25519-sha256 and rsa-sha256\) spf=pass dmarc=pass/);
    });
  }

  await t.test('send, trace and queue know one another’s mails', async () => {
    const sent = await relayfleet(live, 'send', '--to', '451@receiver.test,you@receiver.test');
    const id = /queued as ([0-9A-Z]{26})/.exec(sent.stdout)?.[1] ?? '';
    await live.saysNext(new RegExp(`${id}  accepted by node-1 from shop/orders`));
    await live.saysNext(
      new RegExp(`${id}  1 deferred \\(451 4\\.[0-9.]+ \\w+\\), 1 delivered, next try in \\d+ s, by node-`),
    );
    await until('it is among the deferred', async () => {
      const { stdout } = await relayfleet(live, 'queue', 'ls', '--state', 'deferred', '--to', 'receiver.test');
      return stdout.includes(id);
    });
    const shown = await relayfleet(live, 'queue', 'show', id);
    assert.match(shown.stdout, /To: +451@receiver\.test\n/);
    assert.doesNotMatch(shown.stdout, /you@receiver\.test/); // settled already
    const traced = await relayfleet(live, 'trace', id);
    assert.match(
      traced.stdout,
      /0 ms  accepted by node-1[^]*ms  1 deferred .*1 delivered[^]*now deferred for receiver\.test/,
    );
    assert.doesNotMatch(traced.stdout, /@/);
    const events = JSON.parse((await relayfleet(live, 'trace', id, '-o', 'json')).stdout) as {
      events: { type: string }[];
    };
    assert.deepEqual(
      events.events.map(({ type }) => type),
      ['accepted', 'attempted'],
    );
  });

  await t.test('an edit takes effect and is told; so is what cannot be read', async () => {
    live.edit('platform.yaml', 'suspended: false', 'suspended: true');
    await live.saysNext(/SenderPlatform shop\/orders  Ready True -> False \(Suspended\)/);
    const { stdout, stderr } = await relayfleet(live, 'status', 'splat');
    assert.equal(stderr, '');
    assert.match(stdout, /shop +orders +orders\.shop +shop\.test +True +False +Suspended/);
    await assert.rejects(relayfleet(live, 'send', '--to', 'you@receiver.test'), /no platform may send now/);
    live.edit('platform.yaml', 'suspended: true', 'suspended: false');
    await live.saysNext(/SenderPlatform shop\/orders  .*Ready False -> True/);
    live.edit('platform.yaml', 'purpose:', 'porpoise:');
    await live.saysNext(
      /SenderPlatform shop\/orders  Accepted.* -> False \(InvalidSpec\): .*platform\.yaml.*did you mean "purpose"/,
    );
    live.edit('platform.yaml', 'porpoise:', 'purpose:');
    await live.saysNext(/SenderPlatform shop\/orders  Accepted.* -> True/);
  });

  await t.test('an edit that only a new start carries is told', async () => {
    const listeners = '  listeners: [{ name: submissions, port: 1465, mode: Implicit }]\n';
    live.edit('fleet.yaml', '  nats:\n', `${listeners}  nats:\n`);
    await live.saysNext(/spec\.listeners changed: takes effect at the next start/);
    live.edit('fleet.yaml', listeners, '');
    await live.saysNext(/spec\.listeners is again what the parts were started with/);
  });

  await t.test('a part that is killed comes back, and the ready file with it', async () => {
    for (const part of ['node-2', 'receiver', 'operator']) {
      const pidOf = (): number | undefined => live.ready().parts.find(({ name }) => name === part)?.pid;
      const former = pidOf() ?? 0;
      process.kill(former, 'SIGKILL');
      await live.saysNext(new RegExp(`${part} was ended by SIGKILL; starting it again in \\d+ ms`));
      await live.saysNext(new RegExp(`${part} is back after \\d+ ms`));
      await until('the ready file names the new process', () => pidOf() !== former);
    }
  });

  await t.test('dns prints what is served', async () => {
    const { stdout } = await relayfleet(live, 'dns', 'shop.test', '-o', 'json');
    const { records } = JSON.parse(stdout) as { records: { purpose: string }[] };
    assert.deepEqual(records.map(({ purpose }) => purpose).toSorted(), ['DKIM', 'DKIM', 'DMARC', 'SPF']);
    await assert.rejects(
      relayfleet(live, 'dns', 'other.test'),
      /no RelayDomain claims other\.test; there are shop\.test/,
    );
  });

  await t.test('a second run on the same state is refused', async () => {
    await assert.rejects(relayfleet(live, 'local'), new RegExp(`\\(process ${live.pid}\\) uses this state`));
  });

  await t.test('Ctrl-C ends every part and takes the ready file away', async () => {
    const pids = live.ready().parts.map(({ pid }) => pid);
    assert.equal(await live.stop(), 0);
    assert.match(live.printed(), /\nStopping\.\nStopped\./);
    assert.doesNotMatch(live.printed(), /again to force/, 'nobody sits there');
    assert.match((await relayfleet(live, 'status')).stderr, /^No fleet runs with state .*this is how it was left\.\n$/);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.equal(existsSync(join(live.state, 'ready.json')), false);
    assert.equal(existsSync(join(live.state, 'lock.json')), false);
    assert.match(readFileSync(join(live.state, 'logs/node-1.log'), 'utf8'), /"msg":"stopped"/);
  });
});

/** The commands under `# name` of the block to copy. */
function section(block: string, name: string): string {
  return (
    block
      .slice(block.indexOf(`# ${name}\n`))
      .split('\n\n')[0]
      ?.split('\n')
      .slice(1)
      .join('\n') ?? ''
  );
}

function missing(tool: string): string | false {
  if (tool === 'nodemailer') return false;
  const program = tool === 'Python' ? 'python3' : tool;
  const { status, stdout } = spawnSync(program, [tool === 'swaks' ? '--support' : '--version'], { encoding: 'utf8' });
  if (status !== 0) return `${program} is not installed`;
  const hasTls = tool !== 'swaks' || /TLS.*supported/i.test(stdout);
  return hasTls ? false : 'swaks has no TLS: install libnet-ssleay-perl';
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
