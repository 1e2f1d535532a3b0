import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, plain, submitBy } from '../harness/smtp-dialogue.ts';
import { domainPolicy, fleetPolicy, platformPolicy, usualLogin } from '../harness/snapshot.ts';

const node = await startAcceptingNode();
after(() => node.stop());
afterEach(() => node.hold({}));

const suspended = { reason: 'leaked key, ticket 4711' };
const platforms = [platformPolicy({ suspended })];
const domains = [domainPolicy({ suspended })];
const message = 'From: orders@shop.test\r\n\r\nhi\r\n';

test('a suspended platform learns it after the right password, and nobody else does', async () => {
  node.hold({ platforms });
  const client = await dial({ port: node.implicitPort, tls: true });
  await client.reply();
  await client.say('EHLO client.test');
  assert.equal((await client.say(`AUTH PLAIN ${plain(usualLogin.username, 'guess')}`)).code, 535);
  const told = await client.say(`AUTH PLAIN ${plain(usualLogin.username, usualLogin.password)}`);
  assert.equal(told.text, '525 5.7.13 This account is suspended');
  assert.equal((await client.say('MAIL FROM:<orders@shop.test>')).code, 530);
  client.close();
});

test('in an open session it bites at the next MAIL', async () => {
  const client = await node.loggedIn();
  assert.match(await submitBy(client, message), /^250/);
  node.hold({ platforms });
  assert.equal(await submitBy(client, message), '550 5.7.13 This account is suspended');
  client.close();
});

test('in a transaction it bites at RCPT, and at the end of DATA', async () => {
  const before = (await node.stored()).length;
  const client = await node.loggedIn();
  await client.say('MAIL FROM:<orders@shop.test>');
  node.hold({ platforms });
  assert.equal((await client.say('RCPT TO:<someone@else.test>')).code, 550);
  node.hold({});
  await client.say('RCPT TO:<someone@else.test>');
  await client.say('DATA');
  client.send(message);
  node.hold({ platforms });
  assert.equal((await client.say('.')).text, '550 5.7.13 This account is suspended');
  assert.equal((await node.stored()).length, before);
  client.close();
});

test('a suspended domain: at MAIL, at the end of DATA, and in the From of another envelope', async () => {
  const client = await node.loggedIn();
  node.hold({ domains });
  assert.equal(
    (await client.say('MAIL FROM:<orders@shop.test>')).text,
    '550 5.7.1 Sending from this domain is suspended',
  );
  assert.equal(await submitBy(client, message, { from: '' }), '550 5.7.1 Sending from this domain is suspended');
  node.hold({});
  await client.say('MAIL FROM:<orders@shop.test>');
  await client.say('RCPT TO:<someone@else.test>');
  await client.say('DATA');
  client.send(message);
  node.hold({ domains });
  assert.equal((await client.say('.')).code, 550);
  client.close();
});

test('a suspended fleet asks to come again, which loses nothing', async () => {
  const client = await node.loggedIn();
  node.hold({ fleet: fleetPolicy({ suspended }) });
  assert.equal(await submitBy(client, message), '451 4.3.2 Not accepting mail at the moment, try again later');
  client.close();
});

test('the owner’s reason is not for clients', () => {
  assert.ok(!JSON.stringify(node.reported).includes('4711'));
});
