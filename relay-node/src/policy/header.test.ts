import assert from 'node:assert/strict';
import test from 'node:test';
import { headerLimits, readHeader } from './header.ts';

const reading = (...lines: readonly string[]) => readHeader(Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1'));
const addresses = (fields: ReturnType<typeof readHeader>['from']) =>
  fields.map(({ mailbox }) => mailbox && `${mailbox.local}@${mailbox.domain}`);

test('finds From and Sender, whatever their case, and nothing in the body', () => {
  const header = reading('FROM: a@b.example', 'sender: "c" <c@b.example>', 'Subject: hi', '', 'From: x@evil.example');
  assert.equal(header.problem, undefined);
  assert.deepEqual(addresses(header.from), ['a@b.example']);
  assert.deepEqual(addresses(header.sender), ['c@b.example']);
});

test('keeps every From, in order', () => {
  assert.deepEqual(addresses(reading('From: a@b.example', 'From: c@d.example', '').from), [
    'a@b.example',
    'c@d.example',
  ]);
});

test('unfolds', () => {
  assert.deepEqual(addresses(reading('From: Somebody', '\twith a long name', ' <a@b.example>', '').from), [
    'a@b.example',
  ]);
});

test('a header may be all there is, or be missing', () => {
  assert.deepEqual(addresses(reading('From: a@b.example').from), ['a@b.example']);
  assert.deepEqual(reading('', 'From: a@b.example').from, []);
  const nothing = { problem: undefined, from: [], sender: [], received: 0, date: false, messageId: false };
  assert.deepEqual(readHeader(new Uint8Array(0)), nothing);
});

const malformed: Readonly<Record<string, readonly string[]>> = {
  'a line that is no field': ['From a@b.example Mon Nov 23', 'From: a@b.example', ''],
  'a space before the colon': ['From : a@b.example', ''],
  'no name': [': a@b.example', ''],
  'a name beyond ASCII': ['Fr\xf6m: a@b.example', ''],
  'a fold before any field': [' From: a@b.example', ''],
  'a fold of blanks, which some readers take for the end of the header': ['X: y', ' \t ', 'From: a@b.example', ''],
};
for (const [what, lines] of Object.entries(malformed))
  test(`malformed: ${what}`, () => assert.equal(reading(...lines).problem, 'malformed'));

test('bytes that are not UTF-8 make a mailbox unusable, not another one', () => {
  assert.deepEqual(addresses(reading('From: \xff <a@b.example>', '').from), [undefined]);
  assert.deepEqual(addresses(reading('From: Z\xc3\xbcrich <a@b.example>', '').from), ['a@b.example']);
});

test('a header of exactly the limit is read, one byte more is not, with or without a body', () => {
  const from = 'From: a@b.example\r\n';
  const filler = (size: number) => `X: ${'x'.repeat(size - from.length - 'X: \r\n'.length)}\r\n`;
  for (const body of ['', '\r\n', '\r\nbody\r\n'.repeat(10)]) {
    assert.equal(readHeader(Buffer.from(from + filler(headerLimits.bytes) + body)).problem, undefined);
    assert.equal(readHeader(Buffer.from(from + filler(headerLimits.bytes + 1) + body)).problem, 'too-large');
  }
});

test('a header of exactly as many folds as allowed is read, one more is not', () => {
  const folded = (folds: number) =>
    reading('From: a@b.example', 'X: y', ...Array.from({ length: folds }, () => ' z'), '');
  assert.equal(folded(headerLimits.folds).problem, undefined);
  assert.equal(folded(headerLimits.folds + 1).problem, 'too-many-folds');
});

test('says how many hops there were, and whether Date and Message-ID are there, even empty', () => {
  const header = reading(
    'Received: a',
    'rEceived: b',
    'X-Received: c',
    'Received-SPF: d',
    'DATE:',
    'Message-Id: \t',
    '',
  );
  assert.deepEqual([header.received, header.date, header.messageId], [2, true, true]);
  const other = reading('Resent-Date: x', 'X-Date: x', 'Resent-Message-ID: x', 'From: a@b.example', '', 'Date: x');
  assert.deepEqual([other.received, other.date, other.messageId], [0, false, false]);
});

test('what a display name shows is read of From and Sender', () => {
  const header = reading('From: "c@d.example" <a@b.example>', 'Sender: "A" <a@b.example>', '');
  assert.deepEqual(
    [...header.from, ...header.sender].map(({ shown }) => shown.map((address) => address?.domain)),
    [['d.example'], []],
  );
});
