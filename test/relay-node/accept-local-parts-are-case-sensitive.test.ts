// RFC 5321 §2.4: only the host behind a mailbox knows whether two spellings of its local-part are one; the relay treats them as two.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import type { Dialogue } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const mail = 'From: orders@shop.test\r\n\r\nhi\r\n';

/** Sends the message and closes; the recipients it is queued for. */
async function endOf(client: Dialogue) {
  await client.say('DATA');
  client.send(mail);
  const id = /queued as (\w+)/.exec((await client.say('.')).text)?.[1];
  client.close();
  assert.ok(id !== undefined);
  const entries = (await node.stored()).filter(({ envelope }) => envelope.id === id);
  return entries.flatMap(({ envelope }) => envelope.recipients);
}

test('recipients whose local-parts differ in case alone are several, each with its own parameters', async () => {
  const client = await node.loggedIn();
  await client.say('MAIL FROM:<orders@shop.test>');
  for (const to of ['<Ann@to.test> NOTIFY=NEVER', '<ann@to.test>', '<ANN@to.test> NOTIFY=SUCCESS'])
    assert.equal((await client.say(`RCPT TO:${to}`)).code, 250);
  assert.deepEqual(
    (await endOf(client)).map(({ address, notify }) => [address, notify]),
    [
      ['Ann@to.test', ['NEVER']],
      ['ann@to.test', undefined],
      ['ANN@to.test', ['SUCCESS']],
    ],
  );
});

test('a recipient named twice gets one mail, however its domain is spelled', async () => {
  const client = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<ann@to.test>', 'RCPT TO:<bob@to.test>'])
    await client.say(line);
  assert.equal((await client.say('RCPT TO:<ann@TO.test>')).code, 250);
  assert.deepEqual(
    (await endOf(client)).map(({ address }) => address),
    ['ann@to.test', 'bob@to.test'],
  );
});

test('a transaction that was reset leaves no recipient behind', async () => {
  const client = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<left@to.test>', 'RSET'])
    assert.equal((await client.say(line)).code, 250);
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<kept@to.test>']) await client.say(line);
  assert.deepEqual(
    (await endOf(client)).map(({ address }) => address),
    ['kept@to.test'],
  );
});
