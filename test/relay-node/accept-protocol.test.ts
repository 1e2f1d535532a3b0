import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, plain, type Dialogue } from '../harness/smtp-dialogue.ts';
import { usualLogin } from '../harness/snapshot.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const always = ['8BITMIME', 'DSN', 'ENHANCEDSTATUSCODES', 'PIPELINING', 'SIZE 1000000', 'SMTPUTF8'];
async function offers(client: Dialogue): Promise<readonly string[]> {
  return (await client.say('EHLO client.test')).lines
    .slice(1)
    .map((line) => line.slice(4))
    .toSorted();
}

test('EHLO offers what is honoured, and nothing else: in clear, under TLS, and once logged in', async () => {
  const client = await dial({ port: node.startTlsPort, tls: false });
  await client.reply();
  assert.deepEqual(await offers(client), [...always, 'STARTTLS'].toSorted());
  await client.startTls();
  assert.deepEqual(await offers(client), [...always, 'AUTH PLAIN LOGIN'].toSorted());
  await client.say(`AUTH PLAIN ${plain(usualLogin.username, usualLogin.password)}`);
  assert.deepEqual(await offers(client), always);
  client.close();
});

const said: readonly (readonly [command: string, reply: string])[] = [
  ['MAIL FROM:<orders@shop.test> REQUIRETLS', '555 5.5.4 Parameter not recognised or not implemented'],
  ['MAIL FROM:<orders@shop.test> BY=120;R', '555 5.5.4 Parameter not recognised or not implemented'],
  ['MAIL FROM:<orders@shop.test> BODY=BINARYMIME', '501 5.5.4 Syntax error in a command or its parameters'],
  ['MAIL FROM:orders@shop.test', '501 5.1.7 Sender must be a plain local@domain address'],
  ['MAIL FROM:<"a b"@shop.test>', '501 5.1.7 Sender must be a plain local@domain address'],
  ['MAIL FROM:<a@[127.0.0.1]>', '501 5.1.7 Sender must be a plain local@domain address'],
  ['MAIL FROM:<\xc3\xbc@shop.test>', '553 5.6.7 A non-ASCII address needs the SMTPUTF8 parameter'],
  ['RCPT TO:<a@b.test>', '503 5.5.1 Bad sequence of commands'],
  ['DATA', '503 5.5.1 Bad sequence of commands'],
  ['BDAT 5 LAST', '502 5.5.1 Command not implemented'], // RFC 5321 §4.2.4
  ['bdat 5 last', '502 5.5.1 Command not implemented'],
  ['EXPN staff', '502 5.5.1 Command not implemented'],
  ['ETRN shop.test', '502 5.5.1 Command not implemented'],
  ['TURN', '502 5.5.1 Command not implemented'],
  ['FOO', '500 5.5.1 Command not recognised'],
  ['STARTTLS', '503 5.5.1 Bad sequence of commands'],
  ['WIZ please', '500 5.5.1 Command not recognised'],
  ['XCLIENT ADDR=192.0.2.1', '500 5.5.1 Command not recognised'],
  ['AUTH PLAIN AGEAYg==', '503 5.5.1 Bad sequence of commands'],
];
test('refusals come from the catalogue, with one status each', async () => {
  const client = await node.loggedIn();
  for (const [command, reply] of said) assert.equal((await client.say(command)).text, reply, command);
  client.close();
});

test('every answer but the greeting and EHLO’s carries one status (RFC 2034 §4)', async () => {
  const client = await dial({ port: node.implicitPort, tls: true });
  const status = /^\d{3} [245]\.\d{1,3}\.\d{1,3} /;
  assert.doesNotMatch((await client.reply()).text, status);
  assert.doesNotMatch((await client.say('EHLO client.test')).text, status);
  assert.doesNotMatch((await client.say('EHLO')).text, status);
  for (const line of ['NOOP', 'RSET', 'VRFY someone', 'FOO', 'QUIT'])
    assert.match((await client.say(line)).text, status, line);
});

test('a client that does not log in is sent away after some commands', async () => {
  const client = await dial({ port: node.startTlsPort, tls: false });
  await client.reply();
  await client.say('EHLO client.test');
  let last = await client.say('NOOP');
  for (let n = 0; n < 30 && last.code === 250; n += 1) last = await client.say('NOOP');
  assert.equal(last.text, '421 4.7.0 Too many or unacceptable commands, closing connection');
  await client.ended;
});

test('a client that speaks before the greeting, or HTTP, is sent away', async () => {
  const early = await dial({ port: node.startTlsPort, tls: false });
  early.send('EHLO client.test\r\n');
  assert.match((await early.reply()).text, /^421 /);
  const browser = await dial({ port: node.startTlsPort, tls: false });
  await browser.reply();
  assert.match((await browser.say('GET / HTTP/1.1')).text, /^421 4\.7\.0 /);
});

test('every refusal is counted once', async () => {
  const before = node.reported.filter(({ name }) => name === 'refused').length;
  const client = await node.loggedIn();
  await client.say('FOO');
  await client.say('MAIL FROM:<ceo@bank.test>');
  await client.say('RCPT TO:<a@b.test>');
  client.close();
  const refused = node.reported.filter(({ name }) => name === 'refused').slice(before);
  assert.deepEqual(
    refused.map(({ args }) => args[0]),
    ['unknownCommand', 'senderNotAllowed', 'badSequence'],
  );
});
