// RFC 2920: replies come in the order of the commands, whatever arrives in one write.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import type { Dialogue } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const message = 'From: orders@shop.test\r\n\r\nhi\r\n.\r\n';
const replies = async (client: Dialogue, count: number) => {
  const codes: number[] = [];
  while (codes.length < count) codes.push((await client.reply()).code);
  return codes;
};
const recipients = async () =>
  (await node.stored()).map(({ envelope }) => envelope.recipients.map(({ address }) => address));

test('a whole transaction in one write, message and QUIT included', async () => {
  const client = await node.loggedIn();
  client.send(`MAIL FROM:<a@shop.test>\r\nRCPT TO:<b@else.test>\r\nDATA\r\n${message}QUIT\r\n`);
  assert.deepEqual(await replies(client, 5), [250, 250, 354, 250, 221]);
  await client.ended;
  assert.deepEqual(await recipients(), [['b@else.test']]);
});

test('refused recipients between accepted ones', async () => {
  const client = await node.loggedIn();
  const group = [
    'MAIL FROM:<a@shop.test>',
    'RCPT TO:<b@else.test>',
    'RCPT TO:<broken>',
    'RCPT TO:<c@else.test>',
    'DATA',
  ];
  client.send(`${group.join('\r\n')}\r\n`);
  assert.deepEqual(await replies(client, 5), [250, 250, 501, 250, 354]);
  client.send(message);
  assert.deepEqual(await replies(client, 1), [250]);
  assert.deepEqual((await recipients()).at(-1), ['b@else.test', 'c@else.test']);
  client.close();
});

test('a refused sender refuses all that follows, and DATA takes no message', async () => {
  const before = (await node.stored()).length;
  const client = await node.loggedIn();
  client.send('MAIL FROM:<ceo@bank.test>\r\nRCPT TO:<b@else.test>\r\nDATA\r\nRSET\r\n');
  assert.deepEqual(await replies(client, 4), [550, 503, 503, 250]);
  assert.equal((await node.stored()).length, before);
  client.close();
});

test('two transactions behind one another, split at every byte', async () => {
  const before = (await node.stored()).length;
  const one = (to: string) => `MAIL FROM:<a@shop.test>\r\nRCPT TO:<${to}@else.test>\r\nDATA\r\n${message}`;
  const both = one('d') + one('e');
  const client = await node.loggedIn();
  for (let cut = 0; cut < both.length; cut += 1) {
    client.send(both.slice(0, cut));
    client.send(both.slice(cut));
    assert.deepEqual(await replies(client, 8), [250, 250, 354, 250, 250, 250, 354, 250], `cut at ${cut}`);
  }
  client.close();
  const queued = (await recipients()).slice(before);
  assert.deepEqual(
    queued,
    Array(both.length)
      .fill([['d@else.test'], ['e@else.test']])
      .flat(),
  );
});
