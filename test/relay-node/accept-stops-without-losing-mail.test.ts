import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial } from '../harness/smtp-dialogue.ts';

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
