import assert from 'node:assert/strict';
import test from 'node:test';
import { recipientCommand, senderCommand } from './commands.ts';
import { isXtext, originalRecipient, rawParameter } from './xtext.ts';

test('MAIL: DSN parameters are kept as they go on, SIZE, BODY and AUTH are not ours to keep', () => {
  const args = {
    SIZE: '100',
    BODY: '8BITMIME',
    SMTPUTF8: true,
    RET: 'hdrs',
    ENVID: 'QQ314+3D159+2Bx',
    AUTH: '<>',
  } as const;
  const expected = {
    address: 'a@b.example',
    smtputf8: true,
    ret: 'HDRS',
    envid: 'QQ314+3D159+2Bx',
    unusable: [],
    malformed: [],
  };
  assert.deepEqual(senderCommand({ address: 'a@b.example', args }), expected);
});

test('MAIL: what EHLO did not offer, and values outside their grammar, are named', () => {
  const read = (args: Record<string, string | true>) => senderCommand({ address: '', args });
  assert.deepEqual(read({ REQUIRETLS: true, BY: '120;R' }).unusable, ['REQUIRETLS', 'BY']);
  for (const ENVID of ['x'.repeat(101), 'ü', 'a+b']) {
    assert.deepEqual(read({ ENVID }).malformed, ['ENVID']);
    assert.equal(read({ ENVID }).envid, undefined);
  }
  assert.equal(read({ ENVID: 'x'.repeat(100) }).envid?.length, 100);
  assert.deepEqual(senderCommand({ address: '', args: false }).unusable, []);
});

test('RCPT: NOTIFY and ORCPT', () => {
  const args = { NOTIFY: 'SUCCESS,DELAY', ORCPT: 'rfc822;a+2Bb@c.example' };
  const dsn = { notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;a+2Bb@c.example' };
  const expected = {
    address: 'd@e.example',
    notify: ['SUCCESS', 'DELAY'],
    orcpt: 'rfc822;a+2Bb@c.example',
    unusable: [],
    malformed: [],
  };
  assert.deepEqual(recipientCommand({ address: 'd@e.example', args, dsn }), expected);
  assert.deepEqual(recipientCommand({ address: 'd@e.example', args: { FOO: 'x' } }).unusable, ['FOO']);
  const orcpt = `rfc822;${'x'.repeat(500)}`;
  assert.deepEqual(recipientCommand({ address: 'd@e.example', args: { ORCPT: orcpt }, dsn: { orcpt } }).malformed, [
    'ORCPT',
  ]);
});

test('xtext and original recipients, as RFC 3461 has them', () => {
  for (const text of ['a', 'QQ314159', 'a+2Bb', 'a+3Db', '+20', '!*,<>~']) assert.equal(isXtext(text), true, text);
  for (const text of ['', 'a b', 'a=b', 'a+b', 'a+2b', 'a+ZZ', 'a+0D+0Ab', 'a+00', 'a+7F', 'a+80', 'ü', 'a\r\nb'])
    assert.equal(isXtext(text), false, text);
  for (const text of [
    'rfc822;a@b.example',
    'utf-8;a+2Bb@c.example',
    'utf-8;\\x{F6}@b.example',
    'rfc822;+C3+B6@b.example',
  ])
    assert.equal(originalRecipient(text), text);
  assert.equal(originalRecipient('UTF-8;\u00f6\u{1f4e6}@b.example'), 'UTF-8;\\x{F6}\\x{1F4E6}@b.example');
  for (const text of [
    'a@b.example',
    ';a@b.example',
    'rfc822;',
    'rf_c;a@b.example',
    'rfc822;a+b@c.example',
    'rfc822;a\nb',
    'rfc822;\u00f6@b.example',
    'rfc822;+C3@b.example', // half a character
    'rfc822;+B6+C3@b.example',
    'utf-8;\u0085@b.example',
    'utf-8;\ufffd@b.example', // bytes that were no UTF-8
  ])
    assert.equal(originalRecipient(text), undefined, text);
});

test('an original recipient that grows too long is refused, not cut', () => {
  const orcpt = `utf-8;${'\u00f6'.repeat(100)}`;
  assert.deepEqual(recipientCommand({ address: 'd@e.example', args: { ORCPT: orcpt }, dsn: { orcpt } }).malformed, [
    'ORCPT',
  ]);
});

test('a parameter is read from the command as it is spelled there', () => {
  assert.equal(rawParameter('MAIL FROM:<ENVID=x@b.example> envid=a+3Db RET=FULL', 'ENVID'), 'a+3Db');
  assert.equal(rawParameter('RCPT TO:<a@b.example>  ORCPT=rfc822;a+2Bb@c.example', 'ORCPT'), 'rfc822;a+2Bb@c.example');
  assert.equal(rawParameter('RCPT TO:<a@b.example> NOTIFY=NEVER', 'ORCPT'), undefined);
});
