// `relayfleet send --wait`: what cannot be followed is not sent, and what was taken and then lost sight of is told so, with what to do.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sendCommand, type Target } from '../../cli/src/send/command.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { startNats, type NatsServer } from '../harness/nats.ts';
import { startQueue } from '../harness/queue.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { openShell, type Ended } from './queue-command.ts';

const authority = makeAuthority();
const id = '01K8ZC6YB3V4WQ0N2M7T5RXH9E';

async function listener(t: TestContext): Promise<ScriptedPeer> {
  const peer = await startPeer({
    tls: { ...authority.issue('localhost'), implicit: true },
    offers: ['AUTH PLAIN'],
    script: { DOT: () => `250 2.0.0 queued as ${id}` },
  });
  t.after(() => peer.goAway());
  return peer;
}

function send(server: NatsServer, { port }: ScriptedPeer, ...flags: readonly string[]): Promise<Ended> {
  const login = { user: 'orders.shop', password: 'secret', ca: authority.ca, from: 'orders@shop.test' };
  const target: Target = { host: 'localhost', port, tls: 'implicit', ...login };
  const { relayfleet } = openShell(server, [sendCommand(async () => target)]);
  return relayfleet('reader', 'send', '--to', 'you@receiver.test', ...flags);
}

test('what cannot be followed is not sent', async (t) => {
  const peer = await listener(t);
  const server = await startNats();
  t.after(() => server.stop());
  const foreign = await send(server, peer, '--wait'); // a NATS without a fleet's streams
  assert.deepEqual([foreign.code, foreign.stdout], [1, '']);
  assert.match(foreign.stderr, /^nothing was sent, as it could not be followed: .*Leave --wait out/);
  await server.kill9();
  const away = await send(server, peer, '--wait');
  assert.equal(away.code, 1);
  assert.match(away.stderr, /^nothing was sent.*cannot be reached/);
  assert.equal(peer.sessions.length, 0);

  assert.equal((await send(server, peer)).code, 0, 'without --wait nobody asks');
  assert.equal(peer.sessions.length, 1);
});

test('a mail that is lost sight of is told as queued, with what to do', async (t) => {
  const peer = await listener(t);
  const server = await startQueue(t);
  const silent = await send(server, peer, '--wait', '--timeout', '1s');
  assert.equal(silent.code, 1);
  assert.match(
    silent.stderr,
    /^the mail is queued, but nothing about it is on record within 1s.*relayfleet trace 01K8/,
  );

  peer.script = { DOT: () => (void server.kill9(), `250 2.0.0 queued as ${id}`) };
  const lost = await send(server, peer, '--wait', '--timeout', '1s', '-o', 'json');
  assert.equal(lost.code, 1);
  assert.match(lost.stderr, /^the mail is queued, but could not be followed to its end: .*relayfleet trace 01K8/);
  assert.equal((JSON.parse(lost.stdout) as { id: string }).id, id);

  await server.restart();
  peer.script = { DOT: () => '250 2.0.0 fine' };
  const nameless = await send(server, peer, '--wait');
  assert.deepEqual([nameless.code, /its reply names no id, "250 2\.0\.0 fine"/.test(nameless.stderr)], [1, true]);
});

test('a port is a number', async (t) => {
  const peer = await listener(t);
  const server = await startNats();
  t.after(() => server.stop());
  for (const port of ['abc', '0', '65536', '2465.5', '']) {
    const { code, stderr } = await send(server, peer, `--port=${port}`);
    assert.deepEqual([code, stderr], [2, `--port takes a whole number, 1 to 65535, not "${port}"`]);
  }
});
