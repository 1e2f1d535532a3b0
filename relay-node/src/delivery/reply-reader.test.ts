import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openReplyReader, replyClass, type Reply } from './reply-reader.ts';

const read = (octets: string | Buffer, limit?: number) => openReplyReader(limit).push(Buffer.from(octets));
const bad = { unreadable: 'BAD_REPLY' };
const long = { unreadable: 'LONG_REPLY' };

const examples: Readonly<Record<string, [string | Buffer, object[]]>> = {
  'one line': ['250 2.1.0 ok\r\n', [{ code: 250, text: '250 2.1.0 ok' }]],
  'several lines are one reply': [
    '250-one\r\n250-two\r\n250 three\r\n',
    [{ code: 250, text: '250-one\n250-two\n250 three' }],
  ],
  'several replies': [
    '250 a\r\n550 b\r\n354 c\r\n',
    [
      { code: 250, text: '250 a' },
      { code: 550, text: '550 b' },
      { code: 354, text: '354 c' },
    ],
  ],
  'a code alone': ['250\r\n', [{ code: 250, text: '250' }]],
  'bare LF': ['250-a\n250 b\n', [{ code: 250, text: '250-a\n250 b' }]],
  'blank lines between replies': [
    '\r\n250 a\r\n \r\n250 b\r\n',
    [
      { code: 250, text: '250 a' },
      { code: 250, text: '250 b' },
    ],
  ],
  'UTF-8': ['550 niño\r\n', [{ code: 550, text: '550 niño' }]],
  'other octets': [Buffer.from('550 ni\xf1o\r\n', 'latin1'), [{ code: 550, text: '550 ni\xf1o' }]],
  'nothing whole yet': ['250-a\r\n250 b', []],
  'no reply': ['HTTP/1.1 400 Bad Request\r\n250 ok\r\n', [bad]],
  'no space after the code': ['250ok\r\n', [bad]],
  'four digits': ['2500 ok\r\n', [bad]],
  'a blank line inside a reply': ['250-a\r\n\r\n250 b\r\n', [bad]],
  'codes that contradict one another': ['550-no\r\n250 yes\r\n', [bad]],
  'nothing is read after it': ['250 a\r\nwhat\r\n250 b\r\n', [{ code: 250, text: '250 a' }, bad]],
};
for (const [name, [octets, expected]] of Object.entries(examples))
  test(`reads: ${name}`, () => assert.deepEqual(read(octets), expected));

test('a reply without an end is given up at the limit, in one line or many', () => {
  assert.deepEqual(read('250 '.padEnd(201, 'x'), 200), [long]);
  assert.deepEqual(read('250-xxxxxx\r\n'.repeat(20), 200), [long]);
  assert.deepEqual(read(`250 ${'x'.repeat(195)}\r\n`.repeat(3), 200).length, 3); // of each reply, not of all
  assert.deepEqual(read('250 ok\r\n'.repeat(50_000)).length, 50_000);
});

test('it says whether a reply has begun', () => {
  const reader = openReplyReader();
  const after = (octets: string) => (reader.push(Buffer.from(octets)), reader.isInside());
  assert.deepEqual(['250 a\r\n', '\r\n', '25', '0-a', '\r\n', '250 b\r\n'].map(after), [
    false,
    false,
    true,
    true,
    true,
    false,
  ]);
});

test('the first digit is the class', () => {
  const classes = [250, 251, 354, 421, 599, 99].map((code) => replyClass({ code, text: '' } satisfies Reply));
  assert.deepEqual(classes, [2, 2, 3, 4, 5, 0]);
});

test('however the octets are split, the same is read', () => {
  const line = fc.constantFrom(
    '250 ok',
    '250-more',
    '550 no',
    '354',
    '',
    ' ',
    'garbage',
    '250 ni\xf1o',
    '250-'.padEnd(70, 'y'),
  );
  const stream = fc.array(fc.tuple(line, fc.constantFrom('\r\n', '\n', '\r')), { maxLength: 12 });
  fc.assert(
    fc.property(stream, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, sizes) => {
      const octets = Buffer.from(lines.flat().join(''), 'latin1');
      const reader = openReplyReader(100);
      const parts = [];
      for (let at = 0, i = 0; at < octets.length; i++) {
        const size = sizes[i % sizes.length]!;
        parts.push(...reader.push(octets.subarray(at, at + size)));
        at += size;
      }
      assert.deepEqual(parts, read(octets, 100));
    }),
    { numRuns: 500 },
  );
});
