// Addresses that parsers on the way read differently, or that make one of them say more than an address. Each in MAIL FROM, in
// RCPT TO and in From; percent and bang, which only mean something to those who interpret them, are taken as they are.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const hostile: readonly (readonly [what: string, address: string])[] = [
  ['a source route', '@relay.test:a@shop.test'],
  ['two hops of source route', '@one.test,@two.test:a@shop.test'],
  ['a quoted local part', '"a"@shop.test'],
  ['a quoted space', '"a b"@shop.test'],
  ['a quoted address', '"a@bank.test"@shop.test'],
  ['a quoted bracket', '"a>b"@shop.test'],
  ['an escaped at', 'a\\@bank.test@shop.test'],
  ['two at signs', 'a@bank.test@shop.test'],
  ['a second address', 'a@shop.test,b@bank.test'],
  ['a comment', 'a(comment)@shop.test'],
  ['a comment in the domain', 'a@(x)shop.test'],
  ['a space', 'a b@shop.test'],
  ['a tab', 'a\tb@shop.test'],
  ['NUL', 'a\0@shop.test'],
  ['a control character', 'a\x01@shop.test'],
  ['a bare CR', 'a\r@shop.test'],
  ['DEL', 'a\x7f@shop.test'],
  ['no local part', '@shop.test'],
  ['no domain', 'postmaster'],
  ['a dot in front', '.a@shop.test'],
  ['a dot behind', 'a.@shop.test'],
  ['two dots', 'a..b@shop.test'],
  ['a local part of 65 octets', `${'a'.repeat(65)}@shop.test`],
  ['a path of more than 256 octets', `a@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(63)}.test`],
  ['a label of 64 octets', `a@${'b'.repeat(64)}.test`],
  ['a trailing dot', 'a@shop.test.'],
  ['an empty label', 'a@shop..test'],
  ['a hyphen in front', 'a@-shop.test'],
  ['an underscore', 'a@sh_op.test'],
  ['a single label', 'a@localhost'],
  ['an address literal', 'a@[127.0.0.1]'],
  ['an IPv6 literal', 'a@[IPv6:::1]'],
  ['an IPv4 address', 'a@127.0.0.1'],
  ['a decimal address', 'a@2130706433'],
  ['a broken A-label', 'a@shop.xn--test-'],
  ['an A-label of plain letters', 'a@xn--shop-.test'],
  ['an ideographic full stop', 'a@shop\u3002test'],
  ['a full stop of full width', 'a@shop\uff0etest'],
  ['letters of full width', 'a@\uff53hop.test'],
  ['a soft hyphen', 'a@sh\u00adop.test'],
  ['a zero-width space', 'a\u200b@shop.test'],
  ['a right-to-left override', 'a\u202eb@shop.test'],
  ['an at sign of full width', 'a\uff20bank.test@shop.test'],
  ['a percent-encoded dot', 'a@shop%2etest'],
  ['an encoded word', '=?utf-8?q?ceo=40bank=2Etest?=@shop.test'],
  ['a replacement character', 'a\ufffd@shop.test'],
];

const bytes = (text: string) => Buffer.from(text).toString('latin1');
const refusal = /^(501 5\.1\.[37]|555 5\.5\.4|550 5\.7\.1|550 5\.1\.7|550 5\.6\.(0|1|11)) /;

for (const [what, address] of hostile)
  test(`${what}: ${JSON.stringify(address.slice(0, 60))}`, async () => {
    const client = await node.loggedIn();
    for (const parameter of ['', ' SMTPUTF8']) {
      const mail = await client.say(bytes(`MAIL FROM:<${address}>${parameter}`));
      // An encoded word is nothing but strange letters here, and stays that; only readers of headers decode it.
      if (what === 'an encoded word') assert.equal(mail.code, 250);
      else assert.match(mail.text, /^501 5\.1\.7 |^555 5\.5\.4 |^553 5\.6\.7 /, 'MAIL FROM');
      await client.say('RSET');
      assert.equal((await client.say(`MAIL FROM:<orders@shop.test>${parameter}`)).code, 250);
      const rcpt = await client.say(bytes(`RCPT TO:<${address}>`));
      if (what === 'an encoded word') assert.equal(rcpt.code, 250);
      else assert.match(rcpt.text, /^501 5\.1\.3 |^555 5\.5\.4 |^553 5\.6\.7 /, 'RCPT TO');
      await client.say('RSET');
    }
    for (const from of [address, `Orders <${address}>`])
      assert.match(await submitBy(client, bytes(`From: ${from}\r\n\r\nhi\r\n`)), refusal, `From: ${from}`);
    client.close();
  });

const brackets = [
  'a@shop.test',
  '<a@shop.test',
  'a@shop.test>',
  '<<a@shop.test>>',
  '<a@shop.test>>',
  '<a@shop.test> b@bank.test',
  '<a@shop.test><b@bank.test>',
  'Orders <a@shop.test>',
  '<a@shop.test>x',
  ' ',
];
test('commands without exactly one pair of brackets around the address', async () => {
  const client = await node.loggedIn();
  for (const path of brackets) {
    assert.match((await client.say(`MAIL FROM:${path}`)).text, /^501 5\.1\.7 |^555 5\.5\.4 /, path);
    await client.say('RSET');
    await client.say('MAIL FROM:<orders@shop.test>');
    assert.match((await client.say(`RCPT TO:${path}`)).text, /^501 5\.1\.3 |^555 5\.5\.4 /, path);
    await client.say('RSET');
  }
  await client.say('MAIL FROM:<orders@shop.test>');
  assert.match((await client.say('RCPT TO:<>')).text, /^501 5\.1\.3 /, 'nobody has the null address');
  client.close();
});

test('bytes that are not UTF-8', async () => {
  const client = await node.loggedIn();
  assert.match((await client.say('MAIL FROM:<a\xff@shop.test> SMTPUTF8')).text, /^501 5\.1\.7 /);
  await client.say('MAIL FROM:<orders@shop.test> SMTPUTF8');
  assert.match((await client.say('RCPT TO:<a\xc3@else.test>')).text, /^501 5\.1\.3 /);
  await client.say('RSET');
  assert.match(await submitBy(client, 'From: a\xff@shop.test\r\n\r\nhi\r\n'), /^550 5\.1\.7 /);
  client.close();
});

test('nothing of it was queued', async () => assert.equal((await node.stored()).length, 0));

test('what is strange and harmless is taken, and queued as it was written', async () => {
  const client = await node.loggedIn();
  const to = ['a%b@else.test', 'a!b@else.test', "o'hara@else.test", 'a+b=c@else.test', '{x}|y@xn--bcher-kva.test'];
  assert.match(await submitBy(client, 'From: orders@shop.test\r\n\r\nhi\r\n', { to }), /^250 /);
  const queued = (await node.stored()).flatMap(({ envelope }) => envelope.recipients.map(({ address }) => address));
  assert.deepEqual(queued.toSorted(), to.toSorted());
  client.close();
});
