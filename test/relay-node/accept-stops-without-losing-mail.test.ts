import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial } from '../harness/smtp-dialogue.ts';
import { fleetPolicy } from '../harness/snapshot.ts';

const largeMail = fleetPolicy({ limits: { ...fleetPolicy().limits, maxMessageBytes: 10_000_000 } });

test('stopping: idle sessions are told, a message in DATA gets its 250, nobody new comes in', async () => {
  const node = await startAcceptingNode();
  const idle = await node.loggedIn();
  const busy = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@b.test>', 'DATA']) await busy.say(line);
  busy.send('From: orders@shop.test\r\n\r\n');

  const started = performance.now();
  const stopped = node.accepting.stop(20_000);
  assert.equal((await idle.reply()).text, '421 4.3.2 Shutting down, connect again');
  await assert.rejects(dial({ port: node.implicitPort, tls: true }), /ECONNREFUSED/);
  busy.send('hi\r\n');
  assert.match((await busy.say('.')).text, /^250 2\.0\.0 queued as/);
  assert.equal((await busy.reply()).text, '421 4.3.2 Shutting down, connect again');
  idle.close();
  busy.close();
  await stopped;
  assert.ok(performance.now() - started < 10_000);
  assert.equal((await node.stored()).length, 1);
  await node.nats.stop();
});

test('stopping does not wait for ever: after the grace what is left is broken off, unanswered', async () => {
  const node = await startAcceptingNode();
  const busy = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@b.test>', 'DATA']) await busy.say(line);
  busy.send('From: orders@shop.test\r\n\r\n');
  const started = performance.now();
  await node.accepting.stop(500);
  assert.ok(performance.now() - started < 5_000);
  await busy.ended;
  assert.equal((await node.stored()).length, 0);
  await node.nats.stop();
});

test('stopping in the middle of a large message: its rest is taken, and it is stored whole', async () => {
  const node = await startAcceptingNode({ content: { fleet: largeMail } });
  const busy = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@b.test>', 'DATA']) await busy.say(line);
  const half = `${'x'.repeat(98)}\r\n`.repeat(20_000);
  busy.send(`From: orders@shop.test\r\n\r\n${half}`);
  const stopped = node.accepting.stop(60_000);
  busy.send(half);
  assert.match((await busy.say('.')).text, /^250 2\.0\.0 queued as/);
  busy.close();
  await stopped;
  const [mail] = await node.stored();
  assert.ok(mail?.body.toString('latin1').endsWith(`\r\n\r\n${half}${half}`));
  await node.nats.stop();
});

test('stopping while NATS is away: nobody is told 250, and the end comes with the grace', async () => {
  const node = await startAcceptingNode();
  const busy = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@b.test>', 'DATA']) await busy.say(line);
  await node.nats.kill9();
  busy.send('From: orders@shop.test\r\n\r\nhi\r\n.\r\n');
  let answer: string | undefined;
  void busy.reply().then(
    ({ text }) => (answer = text),
    () => undefined,
  );
  const started = performance.now();
  await node.accepting.stop(1_000);
  assert.ok(performance.now() - started < 5_000);
  await busy.ended;
  assert.doesNotMatch(answer ?? '', /^250/);
  await node.nats.stop();
});
