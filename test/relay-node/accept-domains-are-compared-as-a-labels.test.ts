import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { domainPolicy, platformPolicy } from '../harness/snapshot.ts';

const node = await startAcceptingNode({
  content: {
    domains: [domainPolicy({ domain: 'xn--bcher-kva.test' })],
    platforms: [platformPolicy({ senders: [{ domain: 'xn--bcher-kva.test', localParts: ['*'] }] })],
  },
});
after(() => node.stop());

/** The envelope sender and the From header, in that order; the reply that decided. */
async function submit(sender: string, from: string, parameter = ' SMTPUTF8'): Promise<string> {
  const client = await node.loggedIn();
  try {
    client.send(Buffer.from(`MAIL FROM:<${sender}>${parameter}\r\n`));
    const mail = await client.reply();
    if (mail.code !== 250) return mail.text;
    await client.say('RCPT TO:<someone@else.test>');
    await client.say('DATA');
    client.send(Buffer.from(`From: ${from}\r\n\r\nhi\r\n`));
    return (await client.say('.')).text;
  } finally {
    client.close();
  }
}

const spellings = [
  'a@bücher.test',
  'a@BÜCHER.test',
  'a@bu\u0308cher.test',
  'a@xn--bcher-kva.test',
  'a@XN--BCHER-KVA.test',
];
test('every spelling of the domain is the RelayDomain’s, and the queue holds one', async () => {
  for (const sender of spellings)
    for (const from of spellings) assert.match(await submit(sender, from), /^250 /, `${sender}, ${from}`);
  const stored = await node.stored();
  assert.equal(stored.length, spellings.length ** 2);
  for (const { envelope } of stored) {
    assert.equal(envelope.sender, 'a@xn--bcher-kva.test');
    assert.equal(envelope.domain, 'xn--bcher-kva.test');
  }
});

test('a name that only looks alike is another one', async () => {
  const cyrillic = 'bücher.test'.replace('c', 'с');
  assert.match(await submit(`a@${cyrillic}`, 'a@bücher.test'), /^550 5\.7\.1 /);
  assert.match(await submit('', `a@${cyrillic}`), /^550 5\.7\.1 /);
  assert.match(await submit('a@bucher.test', 'a@bücher.test'), /^550 5\.7\.1 /);
});

test('letters beyond ASCII, in either half and in From, are declared first (RFC 6531 §3.4)', async () => {
  const undeclared = '553 5.6.7 A non-ASCII address needs the SMTPUTF8 parameter';
  assert.equal(await submit('a@bücher.test', 'a@xn--bcher-kva.test', ''), undeclared);
  assert.equal(await submit('ä@xn--bcher-kva.test', 'a@xn--bcher-kva.test', ''), undeclared);
  assert.equal(await submit('a@xn--bcher-kva.test', 'a@bücher.test', ''), undeclared);
  assert.match(await submit('a@xn--bcher-kva.test', 'a@xn--bcher-kva.test', ''), /^250 /);
});
