import assert from 'node:assert/strict';
import test from 'node:test';
import { formatMailbox } from '@relayfleet/contract/address.ts';
import fc from 'fast-check';
import addressparser from 'nodemailer/lib/addressparser';
import { parseSingleMailbox } from './single-mailbox.ts';

const read = (value: string) => {
  const mailbox = parseSingleMailbox(value);
  return mailbox && formatMailbox(mailbox);
};

const one: readonly (readonly [value: string, mailbox: string])[] = [
  ['a@b.example', 'a@b.example'],
  [' \t<a@b.example> ', 'a@b.example'],
  ['Orders <a@b.example>', 'a@b.example'],
  ['"Orders, urgent; (really)" <a@b.example>', 'a@b.example'],
  ['"says \\"hi\\"" <a@b.example>', 'a@b.example'],
  ['"ceo@bank.example" <a@b.example>', 'a@b.example'],
  ['John Q. Public <j.q@b.example>', 'j.q@b.example'],
  ['=?utf-8?q?Z=C3=BCrich?= <a@b.example>', 'a@b.example'],
  ['Zürich – ✨ <a@b.example>', 'a@b.example'],
  ['a+tag=x@B.Example', 'a+tag=x@b.example'],
  ['ü@bücher.example', 'ü@xn--bcher-kva.example'],
];

const none: readonly string[] = [
  '',
  '<>',
  'undisclosed-recipients:;',
  'a@b.example, c@d.example',
  '<a@b.example>, <c@d.example>',
  'A <a@b.example> <c@d.example>',
  'A <a@b.example> c@d.example',
  '<<a@b.example>',
  'A <a@b.example>>',
  'Group: a@b.example;',
  'a@b.example (comment)',
  '(comment) a@b.example',
  'A (comment) <a@b.example>',
  '<@relay.example:a@b.example>',
  '"quoted local"@b.example',
  'ceo@bank.example <a@b.example>',
  'a @b.example',
  'a@ b.example',
  '<a@b.example\t>',
  'a@b%2eexample',
  'a@b。example',
  'a@b.example\u00ad',
  'a@[127.0.0.1]',
  'a@localhost',
  'a@b.example.',
  '=?utf-8?q?a=40evil.example?=@b.example',
  'A <=?utf-8?q?a?=@b.example>',
  '"open <a@b.example>',
  'A\u0000 <a@b.example>',
  '"A\u0007" <a@b.example>',
  'A\ufffd <a@b.example>',
  '\u202eA <a@b.example>',
  '\u00a0a@b.example',
  'a@b.example\r\nBcc: c@d.example',
];

for (const [value, mailbox] of one) test(`one mailbox: ${value}`, () => assert.equal(read(value), mailbox));
for (const value of none) test(`not one mailbox: ${JSON.stringify(value)}`, () => assert.equal(read(value), undefined));

const local = fc.stringMatching(/^[a-z0-9_+-]{1,10}(\.[a-z0-9_+-]{1,10})?$/);
const domain = fc.stringMatching(/^[a-z][a-z0-9]{0,8}\.example$/);
const mailbox = fc.tuple(local, domain).map(([l, d]) => `${l}@${d}`);
const quoted = fc.string({ unit: 'grapheme-ascii' }).map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`);
const displayName = fc.oneof(fc.constant(''), fc.stringMatching(/^[A-Za-z0-9 .!?=_-]{0,20}$/), quoted);

test('property: any display name in front of one mailbox leaves that mailbox', () => {
  fc.assert(fc.property(displayName, mailbox, (name, address) => assert.equal(read(`${name} <${address}>`), address)));
});

test('property: two mailboxes are never one, whatever stands between them', () => {
  const glue = fc.constantFrom(', ', ',', '; ', ' ', '\t', ':', ' and ');
  fc.assert(fc.property(mailbox, glue, mailbox, (a, between, b) => assert.equal(read(a + between + b), undefined)));
});

test('property: what we read as one mailbox, another parser reads as the same one', () => {
  const piece = fc.oneof(
    mailbox,
    quoted,
    fc.constantFrom('<', '>', ',', ';', ':', '(', ')', ' ', '"', '\\', '@', '=?utf-8?q?', '?='),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const value = pieces.join('');
      const ours = read(value);
      if (ours === undefined) return;
      const theirs = addressparser(value, { flatten: true });
      assert.deepEqual(
        theirs.map(({ address }) => address),
        [ours],
        value,
      );
    }),
    { numRuns: 20_000 },
  );
});

test('reading takes time linear in the length', () => {
  const bombs = [
    ' '.repeat(65_000) + '(',
    '"'.repeat(65_001),
    'a '.repeat(32_000),
    '<'.repeat(65_000),
    '"\\'.repeat(32_000),
    '.'.repeat(65_000),
  ];
  const started = performance.now();
  for (const bomb of bombs) assert.equal(read(bomb), undefined);
  assert.ok(performance.now() - started < 3_000);
});
