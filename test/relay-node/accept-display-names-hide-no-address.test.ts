import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const refusal = '550 5.7.1 The name in From or Sender must not show the address of somebody else';
const hiding = [
  '"ceo@bank.test" <a@shop.test>',
  '"The Bank (ceo@bank.test)" <a@shop.test>',
  '=?utf-8?q?ceo=40bank=2Etest?= <a@shop.test>',
  '=?utf-8?b?Y2VvQGJhbmsudGVzdA==?= <a@shop.test>',
  '=?utf-8?q?ceo=40?= =?utf-8?q?bank=2Etest?= <a@shop.test>',
  '=?utf-8?q?ceo=40?=\r\n =?utf-8?q?bank=2Etest?= <a@shop.test>',
  '"=?utf-8?q?ceo=40bank=2Etest?=" <a@shop.test>',
  '=?utf-7?q?ceo+AEA-bank.test?= <a@shop.test>',
  '"ceo@bank.test, a@shop.test" <a@shop.test>',
];
test('an address of somebody else in the name of From or Sender, however it is written', async () => {
  const client = await node.loggedIn();
  for (const value of hiding) {
    assert.equal(await submitBy(client, `From: ${value}\r\n\r\nhi\r\n`), refusal, value);
    assert.equal(await submitBy(client, `From: a@shop.test\r\nSender: ${value}\r\n\r\nhi\r\n`), refusal, value);
  }
  client.close();
});

const honest = [
  '"a@shop.test" <a@shop.test>',
  '"Orders via info@shop.test" <a@shop.test>',
  '=?utf-8?q?Z=C3=BCrich_=40_Home?= <a@shop.test>',
  '"50% @ Shop" <a@shop.test>',
];
test('one’s own address, and a name that is none, are fine', async () => {
  const client = await node.loggedIn();
  for (const value of honest) assert.match(await submitBy(client, `From: ${value}\r\n\r\nhi\r\n`), /^250 /, value);
  client.close();
});

test('addresses of others belong elsewhere: To, Cc, Reply-To and Subject are not judged', async () => {
  const client = await node.loggedIn();
  const others = ['To', 'Cc', 'Reply-To', 'Subject'].map((name) => `${name}: "ceo@bank.test" <x@else.test>\r\n`);
  assert.match(await submitBy(client, `From: a@shop.test\r\n${others.join('')}\r\nhi\r\n`), /^250 /);
  client.close();
});
