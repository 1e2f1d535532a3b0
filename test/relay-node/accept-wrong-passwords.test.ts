import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hashGenerated } from '@relayfleet/contract/secret-hash.ts';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, plain, type Dialogue } from '../harness/smtp-dialogue.ts';
import { platformPolicy, usualLogin } from '../harness/snapshot.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const { username, password } = usualLogin;
const wrong = '535 5.7.8 Authentication credentials invalid';

async function greeted(): Promise<Dialogue> {
  const client = await dial({ port: node.implicitPort, tls: true });
  await client.reply();
  await client.say('EHLO client.test');
  return client;
}
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('a wrong password and an unknown user get the same words', async () => {
  const client = await greeted();
  assert.equal((await client.say(`AUTH PLAIN ${plain(username, 'guess')}`)).text, wrong);
  assert.equal((await client.say(`AUTH PLAIN ${plain('nobody.shop', password)}`)).text, wrong);
  client.close();
});

test('the third one ends the connection', async () => {
  const client = await greeted();
  for (let guess = 1; guess <= 2; guess++)
    assert.equal((await client.say(`AUTH PLAIN ${plain(username, 'guess')}`)).code, 535);
  const last = await client.say(`AUTH PLAIN ${plain(username, 'guess')}`);
  assert.equal(last.text, '421 4.7.0 Too many failed authentications, closing connection');
  await client.ended;
});

test('two wrong ones do not stand in the way of the right one', async () => {
  const client = await greeted();
  for (let guess = 1; guess <= 2; guess++) await client.say(`AUTH PLAIN ${plain(username, 'guess')}`);
  assert.equal((await client.say(`AUTH PLAIN ${plain(username, password)}`)).code, 235);
  client.close();
});

test('AUTH LOGIN, with and without an initial answer', async () => {
  for (const first of ['AUTH LOGIN', `AUTH LOGIN ${base64(username)}`]) {
    const client = await greeted();
    const prompt = await client.say(first);
    if (first === 'AUTH LOGIN') await client.say(base64(username));
    assert.equal(prompt.code, 334);
    assert.equal((await client.say(base64(password))).code, 235);
    client.close();
  }
});

test('nobody acts as somebody else: the two identities of PLAIN must agree', async () => {
  const client = await greeted();
  const token = base64(`admin.shop\0${username}\0${password}`);
  assert.equal((await client.say(`AUTH PLAIN ${token}`)).text, wrong);
  assert.equal((await client.say(`AUTH PLAIN ${base64(`${username}\0${username}\0${password}`)}`)).code, 235);
  client.close();
});

test('other mechanisms are refused, aborting is possible', async () => {
  const client = await greeted();
  assert.equal((await client.say('AUTH CRAM-MD5')).text, '504 5.5.4 Use AUTH PLAIN or AUTH LOGIN');
  await client.say('AUTH PLAIN');
  assert.equal((await client.say('*')).code, 501);
  client.close();
});

test('a password that is replaced ends the sessions it opened', async () => {
  const client = await node.loggedIn();
  assert.equal((await client.say('MAIL FROM:<orders@shop.test>')).code, 250);
  await client.say('RSET');
  node.hold({ platforms: [platformPolicy({ secrets: [hashGenerated('another one', Buffer.alloc(16, 2))] })] });
  assert.equal((await client.say('MAIL FROM:<orders@shop.test>')).text, '530 5.7.0 Authentication required');
  node.hold({});
  client.close();
});
