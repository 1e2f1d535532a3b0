import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatMailbox, matchesLocalPart, parseMailbox } from './address.ts';

const accepted: readonly (readonly [text: string, local: string, domain: string, utf8?: true])[] = [
  ['info@example.com', 'info', 'example.com'],
  ['Info@EXAMPLE.com', 'Info', 'example.com'],
  ["o'neil+tag=x@example.com", "o'neil+tag=x", 'example.com'],
  ['a.b.c@example.com', 'a.b.c', 'example.com'],
  ["!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-", 'example.com'],
  ['büro@example.com', 'büro', 'example.com', true],
  ['info@bücher.example', 'info', 'xn--bcher-kva.example'],
  [`${'a'.repeat(64)}@example.com`, 'a'.repeat(64), 'example.com'],
];
for (const [text, local, domain, utf8] of accepted)
  test(`${text.slice(0, 50)} is a mailbox`, () => {
    assert.deepEqual(parseMailbox(text), { local, domain, utf8: utf8 === true });
  });

const refused = [
  '',
  '@',
  'info',
  'info@',
  '@example.com',
  'info@localhost',
  'info@[192.0.2.1]',
  'info@192.0.2.1',
  '.info@example.com',
  'info.@example.com',
  'in..fo@example.com',
  'in fo@example.com',
  'in\tfo@example.com',
  'info\r\nRCPT TO:<x@y.example>@example.com',
  'info\0@example.com',
  '"info"@example.com',
  '"a b"@example.com',
  'a@b@example.com',
  'a<b@example.com',
  'a,b@example.com',
  'a;b@example.com',
  'a:b@example.com',
  'a(b)@example.com',
  '@relay.example:info@example.com', // RFC 5321 appendix C: source routes
  'a\u2028b@example.com',
  'a\u00a0b@example.com',
  'a\u200bb@example.com', // zero width
  `${'a'.repeat(65)}@example.com`,
  `${'ü'.repeat(33)}@example.com`, // 66 octets
  `${'a'.repeat(60)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.example`,
];
for (const text of refused)
  test(`${JSON.stringify(text.slice(0, 50))} is refused`, () => {
    assert.equal(parseMailbox(text), undefined);
  });

test('what is read and written again is the same mailbox', () => {
  fc.assert(
    fc.property(fc.oneof(fc.emailAddress(), fc.string(), fc.string({ unit: 'grapheme' })), (text) => {
      const mailbox = parseMailbox(text);
      if (mailbox === undefined) return;
      assert.deepEqual(parseMailbox(formatMailbox(mailbox)), mailbox);
      assert.doesNotMatch(formatMailbox(mailbox), /[\s<>"(),:;[\]\\\p{C}]/u);
      assert.equal(formatMailbox(mailbox).split('@').length, 2);
    }),
  );
});

test('a pattern is everyone or one local part, in any case', () => {
  assert.ok(matchesLocalPart('*', 'anyone'));
  assert.ok(matchesLocalPart('Info', 'iNFO'));
  assert.ok(!matchesLocalPart('info', 'info2'));
  assert.ok(!matchesLocalPart('inf*', 'info'));
  assert.ok(!matchesLocalPart('info', '*'));
});
