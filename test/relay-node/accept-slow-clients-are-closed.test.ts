import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, type Dialogue } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode({ patience: { login: 1_000, command: 2_500, data: 1_200 } });
after(() => node.stop());

const tooSlow = '421 4.4.2 Timeout, closing connection';

/** Sends a byte every 100 ms, which no idle timeout notices, until the server has had enough. */
async function drip(client: Dialogue, bytes: string): Promise<{ reply: string; ms: number }> {
  const started = performance.now();
  let sent = 0;
  const timer = setInterval(() => client.send(bytes[sent++ % bytes.length] ?? 'x'), 100);
  try {
    const { text } = await client.reply(6_000);
    return { reply: text, ms: performance.now() - started };
  } finally {
    clearInterval(timer);
  }
}
const about = (ms: number, limit: number) => assert.ok(ms > limit - 200 && ms < limit + 700, `${ms} ms`);

test('a login that drips', async () => {
  const client = await dial({ port: node.startTlsPort, tls: false });
  await client.reply();
  const { reply, ms } = await drip(client, 'EHLO x');
  assert.equal(reply, tooSlow);
  about(ms, 1_000);
});

test('a client that never logs in, however busy', async () => {
  const client = await dial({ port: node.startTlsPort, tls: false });
  await client.reply();
  await client.say('EHLO client.test');
  const timer = setInterval(() => client.send('NOOP\r\n'), 200);
  let last = await client.reply(5_000);
  while (last.code === 250) last = await client.reply(5_000);
  clearInterval(timer);
  assert.equal(last.text, tooSlow);
});

test('a command that drips', async () => {
  const client = await node.loggedIn();
  const { reply, ms } = await drip(client, 'MAIL FROM:<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
  assert.equal(reply, tooSlow);
  about(ms, 2_500);
});

test('a client that goes on working stays', async () => {
  const client = await node.loggedIn();
  for (let n = 0; n < 6; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal((await client.say('NOOP')).code, 250);
  }
  client.close();
});

test('a message that drips; nothing of it is kept', async () => {
  const client = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@b.test>', 'DATA']) await client.say(line);
  client.send('From: orders@shop.test\r\n\r\n');
  const { reply, ms } = await drip(client, 'x\r\n');
  assert.equal(reply, tooSlow);
  about(ms, 1_200);
  assert.equal((await node.stored()).length, 0);
});

test('a client that is silent', async () => {
  const client = await node.loggedIn();
  const started = performance.now();
  assert.equal((await client.reply(5_000)).text, tooSlow);
  about(performance.now() - started, 2_500);
  await client.ended;
});

test('a handshake that never comes to an end, after STARTTLS, breaks off without a word in clear', async () => {
  const client = await dial({ port: node.startTlsPort, tls: false });
  await client.reply();
  await client.say('EHLO client.test');
  assert.equal((await client.say('STARTTLS')).code, 220);
  client.send('\x16\x03\x01\x02\x00\x01');
  await client.ended;
  await assert.rejects(client.reply(100), /unread: ""/);
});

test('a handshake that never comes to an end, on the port for implicit TLS', async () => {
  const socket = connect(node.implicitPort, '127.0.0.1').on('error', () => undefined);
  const started = performance.now();
  const hello = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03';
  let sent = 0;
  const timer = setInterval(() => socket.write(hello[sent++] ?? 'x', 'latin1'), 100);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(timer);
  about(performance.now() - started, 1_000);
});

test('a client that resets in the middle of a message leaves the node well', async () => {
  const client = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@b.test>', 'DATA']) await client.say(line);
  client.send('From: orders@shop.test\r\n');
  client.close();
  const raw = connect(node.implicitPort, '127.0.0.1');
  raw.write('not a handshake\r\n');
  await new Promise((resolve) => raw.once('close', resolve));
  (await node.loggedIn()).close();
  assert.equal(node.reported.filter(({ name }) => name === 'defect').length, 0);
});
