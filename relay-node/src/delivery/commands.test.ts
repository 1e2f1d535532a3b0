import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { envelopeCommands } from './commands.ts';
import type { OutgoingMail } from './smtp-client.ts';

const mail = (changes: Partial<OutgoingMail> = {}): OutgoingMail => ({
  sender: 'from@example.com',
  recipients: [{ address: 'one@to.test' }],
  pieces: [],
  eightBit: false,
  smtputf8: false,
  ...changes,
});
const peer = (...offers: string[]) => new Map(offers.map((keyword) => [keyword, '']));
const rcpt = (address: string, changes: Partial<OutgoingMail> = {}) =>
  envelopeCommands(mail({ recipients: [{ address }], ...changes }), 0, peer());

test('a peer without extensions hears none', () => {
  const wishes = mail({ ret: 'FULL', envid: 'x', recipients: [{ address: 'a@to.test', notify: ['NEVER'] }] });
  assert.deepEqual(envelopeCommands(wishes, 17, peer()), [
    'MAIL FROM:<from@example.com>\r\n',
    'RCPT TO:<a@to.test>\r\n',
    'DATA\r\n',
  ]);
});

test('what a peer offers and the mail needs is said', () => {
  const wishes = mail({
    sender: 'zoë@example.com',
    eightBit: true,
    smtputf8: true,
    ret: 'HDRS',
    envid: 'a+2Bb',
    recipients: [
      { address: 'a@to.test', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;x@to.test' },
      { address: 'b@to.test', orcpt: 'rfc822;x\r\nRSET' },
    ],
  });
  assert.deepEqual(envelopeCommands(wishes, 17, peer('SIZE', '8BITMIME', 'SMTPUTF8', 'DSN')), [
    'MAIL FROM:<zoë@example.com> SIZE=17 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb\r\n',
    'RCPT TO:<a@to.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@to.test\r\n',
    'RCPT TO:<b@to.test>\r\n',
    'DATA\r\n',
  ]);
});

test('the null sender is said, the null recipient is not', () => {
  assert.equal(envelopeCommands(mail({ sender: '' }), 0, peer())?.[0], 'MAIL FROM:<>\r\n');
  assert.equal(rcpt(''), undefined);
});

test('an address that would say more than itself is not said, with or without SMTPUTF8', () => {
  const hostile = ['a\rb', 'a\nb', 'a<b', 'a>b', 'a b', 'a\0b', 'a\tb', 'a\x7fb', 'a\x85b', 'a\ud800b'];
  for (const octets of hostile)
    for (const smtputf8 of [false, true]) {
      assert.equal(rcpt(`${octets}@to.test`, { smtputf8 }), undefined, JSON.stringify(octets));
      assert.equal(envelopeCommands(mail({ sender: octets, smtputf8 }), 0, peer()), undefined);
    }
  assert.equal(rcpt('zoë@to.test'), undefined);
  assert.ok(rcpt('zoë@to.test', { smtputf8: true }));
});

test('each command is one line, whatever the addresses and parameters are', () => {
  const any = fc.string({
    unit: fc.constantFrom('a', '@', '\r', '\n', '<', '>', ' ', '\0', 'ë', '=', '+'),
    maxLength: 6,
  });
  const recipient = fc.record({ address: any, orcpt: any });
  fc.assert(
    fc.property(
      any,
      any,
      fc.boolean(),
      fc.array(recipient, { maxLength: 3 }),
      (sender, envid, smtputf8, recipients) => {
        const said = envelopeCommands(
          mail({ sender, envid, ret: envid, smtputf8, recipients }),
          1,
          peer('DSN', 'SIZE'),
        );
        if (said === undefined) return;
        assert.equal(said.length, recipients.length + 2);
        for (const command of said)
          assert.match(command, /^(MAIL FROM|RCPT TO|DATA)(:<[^<>\s\0]*>( [\x21-\x7e]+)*)?\r\n$/u);
      },
    ),
    { numRuns: 1_000 },
  );
});
