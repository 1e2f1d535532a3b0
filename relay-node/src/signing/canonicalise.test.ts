import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { bodyHash, createBodyHash, relaxHeaders, splitMessage } from './canonicalise.ts';

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('base64');

test('the example of RFC 6376 §3.4.5', async () => {
  const message = Buffer.from('A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n');
  const { fields, bodyStart } = splitMessage(message);
  assert.equal(relaxHeaders(message, fields).toString(), 'a:X\r\nb:Y Z\r\n');
  assert.equal(await bodyHash(message, bodyStart), sha256(' C\r\nD E\r\n'));
});

const bodies: Readonly<Record<string, [body: string, relaxed: string]>> = {
  'nothing stays nothing': ['', ''],
  'empty lines alone are nothing': ['\r\n\r\n', ''],
  'blanks alone are nothing': [' \t \r\n  ', ''],
  'a missing last line end is added': ['a', 'a\r\n'],
  'empty lines at the end go': ['a\r\n\r\n\r\n', 'a\r\n'],
  'empty lines inside stay': ['\r\n\r\na\r\n\r\nb\r\n', '\r\n\r\na\r\n\r\nb\r\n'],
  'a lone CR or LF is a byte like any other': ['a\rb\nc \r \r\n', 'a\rb\nc \r\r\n'],
};
for (const [name, [body, relaxed]] of Object.entries(bodies))
  test(name, async () => assert.equal(await bodyHash(Buffer.from(body), 0), sha256(relaxed)));

/** RFC 6376 §3.4.4, word by word. */
function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replaceAll(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}

const pieces = fc.array(fc.constantFrom(' ', '\t', '\r\n', '\r', '\n', 'a', 'bc', '\r\n'.repeat(40), ' '.repeat(40)), {
  maxLength: 40,
});

test('the hash does not depend on how the body is sliced', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 9 }), async (octets, slice) => {
      const body = octets.join('');
      assert.equal(await bodyHash(Buffer.from(body), 0, slice), sha256(relaxedBody(body)));
      assert.equal(await bodyHash(Buffer.from(body), 0), sha256(relaxedBody(body)));
    }),
  );
});

test('nor on how it arrives', () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 60 });
  fc.assert(
    fc.property(pieces, cuts, fc.integer({ min: 1, max: 9 }), (octets, lengths, slice) => {
      const body = octets.join('');
      const hash = createBodyHash(slice);
      let at = 0;
      for (const length of [...lengths, body.length]) {
        hash.push(Buffer.from(body.slice(at, at + length)));
        at += length;
      }
      assert.equal(hash.end(), sha256(relaxedBody(body)));
    }),
    { numRuns: 1_000 },
  );
});

test('a message without an empty line is all header; one without a header is all body', () => {
  const all = Buffer.from('From: a\r\nTo: b\r\n');
  assert.equal(splitMessage(all).bodyStart, all.length);
  assert.deepEqual(splitMessage(Buffer.from('\r\nbody')), { fields: [], bodyStart: 2 });
});

test('the last field may lack its line end, and a line without a colon is no field anyone selects', () => {
  const message = Buffer.from('From: a\r\nnonsense\r\nTo: b');
  assert.deepEqual(
    splitMessage(message).fields.map(({ name }) => name),
    ['from', '', 'to'],
  );
  assert.equal(relaxHeaders(message, splitMessage(message).fields.slice(2)).toString(), 'to:b\r\n');
});

test('bombs take time in proportion to their bytes', async () => {
  const folds = Buffer.from(`X: ${'\r\n a'.repeat(500_000)}\r\n\r\n`);
  const blanks = Buffer.from(`\r\n${' '.repeat(4_000_000)}\r\n`);
  const lineEnds = Buffer.from(`\r\n${'\r\n'.repeat(2_000_000)}x`);
  const started = performance.now();
  const { fields } = splitMessage(folds);
  relaxHeaders(folds, fields);
  await bodyHash(blanks, 2);
  await bodyHash(lineEnds, 2);
  assert.ok(performance.now() - started < 3_000); // quadratic work would take minutes
});
