// The commands of RFC 5321 §4.5.1 one by one, the rules about their order, and those of AUTH (RFC 4954 §4): what any client may rely
// on, however old it is or however it spells.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { patience } from '@relayfleet/relay-node/accept.ts';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, plain, submitBy } from '../harness/smtp-dialogue.ts';
import { usualLogin } from '../harness/snapshot.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const auth = `AUTH PLAIN ${plain(usualLogin.username, usualLogin.password)}`;
const message = 'From: orders@shop.test\r\n\r\nhi\r\n';
const badSequence = '503 5.5.1 Bad sequence of commands';
const greeted = async () => {
  const client = await dial({ port: node.implicitPort, tls: true });
  await client.reply();
  await client.say('EHLO client.test');
  return client;
};

test('verbs, parameters and addresses’ words in any case; the local part keeps its own', async () => {
  const client = await node.loggedIn();
  assert.equal((await client.say('mail from:<Orders@SHOP.test> body=8bitmime size=100')).code, 250);
  assert.equal((await client.say('rCpT tO:<Some.One@Else.TEST>')).code, 250);
  assert.equal((await client.say('Data')).code, 354);
  client.send(`${message}.\r\n`);
  assert.equal((await client.reply()).code, 250);
  const [{ envelope } = { envelope: undefined }] = await node.stored();
  assert.deepEqual([envelope?.sender, envelope?.recipients[0]?.address], ['Orders@shop.test', 'Some.One@else.test']);
  client.close();
});

test('HELO is answered like EHLO, in one line', async () => {
  const client = await dial({ port: node.implicitPort, tls: true });
  await client.reply();
  const { code, lines } = await client.say('HELO client.test');
  assert.deepEqual([code, lines.length], [250, 1]);
  assert.equal((await client.say('MAIL FROM:<orders@shop.test>')).text, '530 5.7.0 Authentication required');
  client.close();
});

test('nothing of a mail before EHLO, MAIL and RCPT, and no MAIL within another', async () => {
  const client = await dial({ port: node.implicitPort, tls: true });
  await client.reply();
  assert.equal((await client.say('MAIL FROM:<orders@shop.test>')).text, badSequence);
  client.close();
  const within = await node.loggedIn();
  assert.equal((await within.say('RCPT TO:<a@else.test>')).text, badSequence);
  assert.equal((await within.say('DATA')).text, badSequence);
  await within.say('MAIL FROM:<orders@shop.test>');
  assert.equal((await within.say('DATA')).text, badSequence);
  assert.equal((await within.say('MAIL FROM:<orders@shop.test>')).text, badSequence);
  within.close();
});

test('EHLO and RSET end a transaction, NOOP and VRFY leave it alone', async () => {
  const client = await node.loggedIn();
  for (const end of ['EHLO client.test', 'HELO client.test', 'RSET']) {
    await client.say('MAIL FROM:<orders@shop.test>');
    await client.say('RCPT TO:<gone@else.test>');
    assert.equal((await client.say(end)).code, 250);
    assert.equal((await client.say('DATA')).text, badSequence, end);
  }
  await client.say('MAIL FROM:<orders@shop.test>');
  assert.equal((await client.say('NOOP whatever')).code, 250);
  assert.equal((await client.say('VRFY someone')).code, 252); // RFC 5321 §7.3: who is here is nobody's business
  await client.say('RCPT TO:<kept@else.test>');
  assert.equal((await client.say('NOOP')).code, 250);
  await client.say('DATA');
  client.send(`${message}.\r\n`);
  assert.equal((await client.reply()).code, 250);
  const recipients = (await node.stored()).flatMap(({ envelope }) => envelope.recipients.map(({ address }) => address));
  assert.ok(recipients.includes('kept@else.test') && !recipients.includes('gone@else.test'), recipients.join());
  client.close();
});

test('what one mail said does not reach into the next', async () => {
  const client = await node.loggedIn();
  await client.say('MAIL FROM:<orders@shop.test> RET=FULL ENVID=first SMTPUTF8 BODY=8BITMIME');
  await client.say('RCPT TO:<first@else.test> NOTIFY=NEVER');
  await client.say('RSET');
  assert.match(await submitBy(client, message, { to: ['second@else.test'] }), /^250 /);
  const entry = (await node.stored()).find(({ envelope }) => envelope.recipients[0]?.address === 'second@else.test');
  const { ret, envid, smtputf8, eightBit, recipients } = entry!.envelope;
  assert.deepEqual([ret, envid, smtputf8, eightBit, recipients.length], [undefined, undefined, false, false, 1]);
  assert.equal(recipients[0]?.notify, undefined);
  client.close();
});

test('QUIT is answered, and then the connection ends', async () => {
  const client = await node.loggedIn();
  assert.equal((await client.say('QUIT')).code, 221);
  await client.ended;
});

test('a command line of 512 octets is read, and a longer one with parameters', async () => {
  const client = await node.loggedIn();
  const line = `NOOP ${'x'.repeat(512 - 'NOOP \r\n'.length)}`;
  assert.equal((await client.say(line)).code, 250);
  await client.say('MAIL FROM:<orders@shop.test>');
  const orcpt = `rfc822;${'x'.repeat(430)}@else.test`;
  assert.equal(
    (await client.say(`RCPT TO:<${'y'.repeat(64)}@else.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=${orcpt}`)).code,
    250,
  );
  client.close();
});

test('AUTH: once, outside a transaction, in base64', async () => {
  const client = await greeted();
  assert.equal((await client.say('AUTH PLAIN %%%%')).code, 501);
  assert.equal((await client.say(auth)).code, 235);
  assert.equal((await client.say(auth)).text, badSequence);
  assert.equal((await client.say('MAIL FROM:<orders@shop.test> AUTH=<>')).code, 250);
  assert.equal((await client.say(auth)).text, badSequence);
  await client.say('RSET');
  assert.equal((await client.say('MAIL FROM:<orders@shop.test> AUTH=e+3Dmc2@shop.test')).code, 250);
  client.close();
});

test('a client has five minutes for a command, and ten for a message', () => {
  assert.ok(patience.command >= 5 * 60_000 && patience.data >= 10 * 60_000);
});
