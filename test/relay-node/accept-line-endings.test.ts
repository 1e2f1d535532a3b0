import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const header = 'From: orders@shop.test\r\n\r\n';
const replies = {
  cr: '550 5.6.11 Carriage return without line feed in the message',
  lf: '550 5.6.11 Line feed without carriage return in the message',
  nul: '550 5.6.1 NUL byte in the message',
};

/** Fake ends of data, and what smuggles a second mail where a server believes them. */
const forms: readonly (readonly [bytes: string, reply: string])[] = [
  ['\n.\n', replies.lf],
  ['\n.\r\n', replies.lf],
  ['\n.\r', replies.lf],
  ['\n\n.\n\n', replies.lf],
  ['\n\n.\r\n', replies.lf],
  ['\r\n.\n', replies.lf],
  ['\r\n.\n\n', replies.lf],
  ['\r.\r', replies.cr],
  ['\r.\r\n', replies.cr],
  ['\r.\n', replies.cr],
  ['\r\r.\r\r', replies.cr],
  ['\r\n.\r', replies.cr],
  ['\r\n.\r\r\n', replies.cr],
  ['\r\r\n.\r\r\n', replies.cr],
  ['\n\r.\n\r', replies.lf],
  ['\r\n\0.\r\n', replies.nul],
  ['\r\n.\0\r\n', replies.nul],
  ['\r\0\n.\r\n', replies.cr],
  ['\r\n\0\r\n.\0\r\n', replies.nul],
];

for (const [form, reply] of forms)
  test(`${JSON.stringify(form)} does not end the data, and refuses it, wherever it is cut`, async () => {
    const client = await node.loggedIn();
    const smuggled = `MAIL FROM:<ceo@bank.test>\r\nRCPT TO:<victim@else.test>\r\nDATA\r\nFrom: ceo@bank.test\r\n\r\nsmuggled\r\n`;
    const start = `${header}body`;
    const data = `${start}${form}${smuggled}.\r\n`;
    const cuts = Array.from({ length: form.length + 3 }, (_, at) => start.length - 1 + at);
    const ways = [[data], data.split(''), ...cuts.map((cut) => [data.slice(0, cut), data.slice(cut)])];
    for (const pieces of ways) {
      for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<someone@else.test>', 'DATA'])
        await client.say(line);
      await client.sendApart(pieces); // each is a TLS record, which arrives by itself
      assert.equal((await client.reply()).text, reply);
      assert.equal((await client.say('NOOP')).code, 250, 'one reply, and the session goes on');
    }
    client.close();
  });

test('nothing of it was queued', async () => assert.equal((await node.stored()).length, 0));

test('dots are unstuffed, and nothing else is touched, wherever the bytes are cut', async () => {
  const client = await node.loggedIn();
  const body = '.\r\n..\r\n.a\r\n\r\nend.\r\n';
  const onTheWire = `${header}..\r\n...\r\n..a\r\n\r\nend.\r\n.\r\n`;
  for (let cut = 1; cut < onTheWire.length; cut += 1) {
    for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<someone@else.test>', 'DATA']) await client.say(line);
    await client.sendApart([onTheWire.slice(0, cut), onTheWire.slice(cut)]);
    assert.equal((await client.reply()).code, 250, `cut at ${cut}`);
  }
  for (const { body: stored } of await node.stored())
    assert.ok(stored.toString('latin1').endsWith(`\r\n${header}${body}`));
  client.close();
});

test('a message without lines is refused for its missing From, not for its end', async () => {
  const client = await node.loggedIn();
  assert.equal(await submitBy(client, ''), '550 5.6.0 Message has no From header');
  client.close();
});
