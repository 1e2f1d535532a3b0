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

test('not announced: read to its end, not stored, then refused', { timeout: 120_000 }, async () => {
  const client = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@else.test>', 'DATA']) await client.say(line);
  const block = Buffer.from(`${'x'.repeat(98)}\r\n`.repeat(1_000));
  const socket = client.socket();
  client.send('From: orders@shop.test\r\n\r\n');
  let most = 0;
  const before = process.memoryUsage.rss();
  for (let sent = 0; sent < size; sent += block.length) {
    if (!socket.write(block)) await once(socket, 'drain');
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  assert.equal((await client.say('.', 60_000)).text, tooBig);
  assert.ok(most < 100e6, `${Math.round(most / 1e6)} MB more, of both ends`);
  assert.match(await submitBy(client, 'From: orders@shop.test\r\n\r\nhi\r\n'), /^250 /, 'the session goes on');
  assert.equal((await node.stored()).length, 1);
  client.close();
});
