import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const hop = (name: string) => `${name}: from a.test ([192.0.2.1])\r\n\tby b.test; Mon, 23 Nov 2026 10:00:00 +0000\r\n`;
const after49 = `${hop('Received').repeat(49)}From: orders@shop.test\r\n`;

test('49 hops are taken, the 50th is a loop, in any case of the name', async () => {
  const client = await node.loggedIn();
  for (const name of ['Received', 'RECEIVED', 'received'])
    assert.equal(
      await submitBy(client, `${hop(name)}${after49}\r\nhi\r\n`),
      '554 5.4.6 Too many Received headers, mail is looping',
    );
  assert.match(await submitBy(client, `${after49}\r\nhi\r\n`), /^250 /);
  client.close();
});

test('what only looks like a hop is none', async () => {
  const client = await node.loggedIn();
  for (const name of ['Received-SPF', 'X-Received'])
    assert.match(await submitBy(client, `${hop(name)}${after49}\r\n${hop('Received').repeat(60)}`), /^250 /, name);
  client.close();
});
