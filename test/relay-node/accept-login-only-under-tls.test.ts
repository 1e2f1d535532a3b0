import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, plain, submitBy } from '../harness/smtp-dialogue.ts';
import { fleetPolicy, usualLogin } from '../harness/snapshot.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const auth = `AUTH PLAIN ${plain(usualLogin.username, usualLogin.password)}`;
const message = 'From: orders@shop.test\r\n\r\nhi\r\n';
const inClear = async () => {
  const client = await dial({ port: node.startTlsPort, tls: false });
  await client.reply();
  return { client, greeting: await client.say('EHLO client.test') };
};

test('in clear: AUTH is not offered, and refused with the right password', async () => {
  const { client, greeting } = await inClear();
  assert.ok(greeting.lines.includes('250-STARTTLS'));
  assert.ok(!greeting.text.includes('AUTH'));
  assert.equal((await client.say(auth)).text, '538 5.7.11 Encryption required for authentication');
  client.close();
});

test('in clear: no mail', async () => {
  const { client } = await inClear();
  assert.equal(
    (await client.say('MAIL FROM:<orders@shop.test>')).text,
    '530 5.7.0 Must issue a STARTTLS command first',
  );
  client.close();
});

test('STARTTLS: AUTH is offered, taken, and mail is accepted', async () => {
  const { client } = await inClear();
  await client.startTls();
  assert.equal(
    (await client.say('MAIL FROM:<orders@shop.test>')).code,
    503,
    'what was said in clear is forgotten: RFC 3207 §4.2',
  );
  assert.match((await client.say('EHLO client.test')).text, /250-AUTH PLAIN LOGIN/);
  assert.equal((await client.say('MAIL FROM:<orders@shop.test>')).text, '530 5.7.0 Authentication required');
  assert.equal((await client.say(auth)).code, 235);
  assert.match(await submitBy(client, message), /^250 2\.0\.0 queued as/);
  client.close();
});

test('implicit TLS: AUTH is offered, taken, and mail is accepted', async () => {
  const client = await node.loggedIn();
  assert.match(await submitBy(client, message), /^250 2\.0\.0 queued as/);
  client.close();
});

test('commands sent behind STARTTLS in clear are not carried out', async () => {
  for (const count of [1, 5, 150, 1000]) {
    const { client } = await inClear();
    await client.startTls('NOOP\r\n'.repeat(count));
    assert.match((await client.say('EHLO client.test')).text, /^250-relay\.fleet\.test\r\n/, `${count} commands`);
    assert.equal((await client.say('RSET')).text, '250 2.0.0 Flushed');
    client.close();
  }
});

test('TLS below 1.2 is not spoken, nor 1.2 where the fleet’s floor is 1.3', async () => {
  const handshake = (maxVersion: 'TLSv1.1' | 'TLSv1.2', minVersion: 'TLSv1.1' | 'TLSv1.2') =>
    dial({ port: node.implicitPort, tls: true, tlsOptions: { maxVersion, minVersion, ciphers: 'DEFAULT@SECLEVEL=0' } });
  await assert.rejects(handshake('TLSv1.1', 'TLSv1.1'), /alert|version|protocol/i);
  (await handshake('TLSv1.2', 'TLSv1.2')).close();
  node.hold({ fleet: fleetPolicy({ tlsFloor: '1.3' }) });
  await assert.rejects(handshake('TLSv1.2', 'TLSv1.2'), /alert|version|protocol/i);
  node.hold({});
});
