// RFC 3461 §4: what a sender asks of delivery reports is kept for the next hop and for our own reports, or refused.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';

const node = await startAcceptingNode();
after(() => node.stop());

async function envelopeOf(mail: string, rcpt: string) {
  const client = await node.loggedIn();
  for (const line of [`MAIL FROM:<a@shop.test>${mail}`, `RCPT TO:<b@else.test>${rcpt}`]) {
    const answer = await client.say(line);
    assert.equal(answer.code, 250, `${line}: ${answer.text}`);
  }
  await client.say('DATA');
  client.send('From: a@shop.test\r\n\r\nhi\r\n');
  const id = /queued as (\w+)$/.exec((await client.say('.')).text)?.[1];
  client.close();
  const { envelope } = (await node.stored()).find((entry) => entry.envelope.id === id) ?? assert.fail();
  const [{ notify, orcpt } = {}] = envelope.recipients;
  return { ret: envelope.ret, envid: envelope.envid, notify, orcpt };
}

const kept: readonly (readonly [mail: string, rcpt: string, expected: object])[] = [
  ['', '', {}],
  [' RET=FULL', ' NOTIFY=NEVER', { ret: 'FULL', notify: ['NEVER'] }],
  [' ret=hdrs', ' notify=success,failure', { ret: 'HDRS', notify: ['SUCCESS', 'FAILURE'] }],
  [' ENVID=QQ314159', ' NOTIFY=SUCCESS,FAILURE,DELAY', { envid: 'QQ314159', notify: ['SUCCESS', 'FAILURE', 'DELAY'] }],
  [
    ' ENVID=a+3Db+2Bc+20d',
    ' ORCPT=rfc822;x+2By@else.test',
    { envid: 'a+3Db+2Bc+20d', orcpt: 'rfc822;x+2By@else.test' },
  ],
  ['', ' ORCPT=rfc822;j+C3+B6rg@else.test', { orcpt: 'rfc822;j+C3+B6rg@else.test' }], // as Postfix has it
  ['', ' ORCPT=utf-8;j\xc3\xb6rg@else.test', { orcpt: 'utf-8;j\\x{F6}rg@else.test' }],
  [` ENVID=${'e'.repeat(100)}`, ' ORCPT=utf-8;x@else.test', { envid: 'e'.repeat(100), orcpt: 'utf-8;x@else.test' }],
];
for (const [mail, rcpt, expected] of kept)
  test(`kept: MAIL${mail.slice(0, 40)}, RCPT${rcpt}`, async () => {
    const none = { ret: undefined, envid: undefined, notify: undefined, orcpt: undefined };
    assert.deepEqual(await envelopeOf(mail, rcpt), { ...none, ...expected });
  });

const syntax = /^501 5\.5\.4 Syntax error in a command or its parameters$|^501 5\.1\.[37] /;
test('refused at MAIL FROM', async () => {
  const client = await node.loggedIn();
  const values = ['RET=ALL', 'RET=', 'RET', 'RET=FULL RET=HDRS', 'ENVID=', 'ENVID=a+b', 'ENVID=a+0D+0Ab', 'ENVID=+00'];
  for (const value of [...values, 'ENVID=\xc3\xbc', `ENVID=${'e'.repeat(101)}`, 'ENVID=a ENVID=b'])
    assert.match((await client.say(`MAIL FROM:<a@shop.test> ${value}`)).text, syntax, value);
  client.close();
});

test('refused at RCPT TO', async () => {
  const client = await node.loggedIn();
  await client.say('MAIL FROM:<a@shop.test>');
  const values = ['NOTIFY=', 'NOTIFY=ALWAYS', 'NOTIFY=NEVER,DELAY', 'NOTIFY=SUCCESS,', 'NOTIFY=DELAY NOTIFY=DELAY'];
  const original = ['ORCPT=', 'ORCPT=b@else.test', 'ORCPT=rfc822;', 'ORCPT=rfc822;a+b@else.test', 'ORCPT=;b@else.test'];
  const hostile = ['ORCPT=rfc822;a+0D+0ARCPT', `ORCPT=rfc822;${'x'.repeat(500)}`, 'ORCPT=rfc822;a=b@else.test'];
  hostile.push('ORCPT=rfc822;a+C3@else.test', 'ORCPT=rfc822;\xc3\xb6@else.test', 'ORCPT=utf-8;\xc3@else.test');
  for (const value of [...values, ...original, ...hostile])
    assert.match((await client.say(`RCPT TO:<b@else.test> ${value}`)).text, syntax, value);
  assert.equal((await client.say('DATA')).code, 503, 'nobody was accepted');
  client.close();
});
