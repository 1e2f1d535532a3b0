import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const tooBig = '552 5.3.4 Message exceeds the limit of 1000000 bytes';
const size = 200_000_000;

test('announced by SIZE: before a byte of it is sent', async () => {
  const client = await node.loggedIn();
  assert.equal((await client.say(`MAIL FROM:<orders@shop.test> SIZE=${size}`)).text, tooBig);
  assert.equal((await client.say(`MAIL FROM:<orders@shop.test> SIZE=99999999999999999999`)).text, tooBig);
  assert.equal((await client.say(`MAIL FROM:<orders@shop.test> SIZE=1e3`)).code, 501);
  client.close();
});

const block = Buffer.from(`${'x'.repeat(98)}\r\n`.repeat(1_000));
const begin = async () => {
  const client = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@else.test>', 'DATA']) await client.say(line);
  client.send('From: orders@shop.test\r\n\r\n');
  return client;
};

test('not announced, and up to twice the limit: read to its end, not stored, then refused', async () => {
  const client = await begin();
  for (let sent = 0; sent < 1_900_000; sent += block.length) client.send(block);
  assert.equal((await client.say('.', 60_000)).text, tooBig);
  assert.match(await submitBy(client, 'From: orders@shop.test\r\n\r\nhi\r\n'), /^250 /, 'the session goes on');
  assert.equal((await node.stored()).length, 1);
  client.close();
});

test('not announced, and without an end: refused and cut off, most of it unread', { timeout: 120_000 }, async () => {
  const client = await begin();
  const socket = client.socket();
  let ended = false;
  void client.ended.then(() => (ended = true));
  let [sent, most] = [0, 0];
  const before = process.memoryUsage.rss();
  for (; sent < size && !ended; sent += block.length) {
    if (!socket.write(block)) await Promise.race([once(socket, 'drain'), client.ended]);
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  assert.ok(sent < size / 4, `${sent / 1e6} MB were taken`);
  assert.equal((await client.reply()).text, tooBig);
  assert.equal((await client.reply()).text, '421 4.7.0 Message goes on far beyond the limit, closing connection');
  assert.ok(most < 100e6, `${Math.round(most / 1e6)} MB more, of both ends`);
  assert.equal((await node.stored()).length, 1, 'nothing of it');
  client.close();
});
