import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { recipientCommand, senderCommand } from './commands.ts';
import { toOriginalRecipient, toXtext } from './xtext.ts';

test('MAIL: DSN parameters are kept as they go on, SIZE, BODY and AUTH are not ours to keep', () => {
  const args = {
    SIZE: '100',
    BODY: '8BITMIME',
    SMTPUTF8: true,
    RET: 'hdrs',
    ENVID: 'QQ314=159+x',
    AUTH: '<>',
  } as const;
  const expected = { address: 'a@b.example', smtputf8: true, ret: 'HDRS', envid: 'QQ314+3D159+2Bx', unusable: [] };
  assert.deepEqual(senderCommand({ address: 'a@b.example', args }), expected);
});

test('MAIL: what EHLO did not offer, and values that cannot be carried, are named', () => {
  const unusable = (args: Record<string, string | true>) => senderCommand({ address: '', args }).unusable;
  assert.deepEqual(unusable({ REQUIRETLS: true, BY: '120;R' }), ['REQUIRETLS', 'BY']);
  assert.deepEqual(unusable({ ENVID: 'x'.repeat(101) }), ['ENVID']);
  assert.deepEqual(unusable({ ENVID: 'ü' }), ['ENVID']);
  assert.deepEqual(senderCommand({ address: '', args: false }).unusable, []);
});

test('RCPT: NOTIFY and ORCPT', () => {
  const args = { NOTIFY: 'SUCCESS,DELAY', ORCPT: 'rfc822;a+b@c.example' };
  const dsn = { notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;a+b@c.example' };
  const expected = {
    address: 'd@e.example',
    notify: ['SUCCESS', 'DELAY'],
    orcpt: 'rfc822;a+2Bb@c.example',
    unusable: [],
  };
  assert.deepEqual(recipientCommand({ address: 'd@e.example', args, dsn }), expected);
  assert.deepEqual(recipientCommand({ address: 'd@e.example', args: { FOO: 'x' } }).unusable, ['FOO']);
  const orcpt = `rfc822;${'x'.repeat(500)}`;
  assert.deepEqual(recipientCommand({ address: 'd@e.example', args: { ORCPT: orcpt }, dsn: { orcpt } }).unusable, [
    'ORCPT',
  ]);
});

test('property: xtext decodes to what was encoded, and holds no byte it must not', () => {
  const decode = (text: string) =>
    text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
      const encoded = toXtext(text);
      assert.ok(encoded !== undefined && !/[^!-~]|=/.test(encoded));
      assert.equal(decode(encoded), text);
    }),
  );
  assert.equal(toXtext('a\r\nb'), undefined);
  assert.equal(toOriginalRecipient('no type'), undefined);
});
