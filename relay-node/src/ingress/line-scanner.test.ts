import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createLineScanner, longestLine } from './line-scanner.ts';

function scan(...chunks: readonly Uint8Array[]) {
  const scanner = createLineScanner();
  for (const chunk of chunks) scanner.push(chunk);
  return scanner.end();
}
const defect = (text: string) => scan(Buffer.from(text, 'latin1')).defect;

test('lines ended by CRLF, and eight-bit text, are fine', () => {
  assert.deepEqual(scan(Buffer.from('a\r\n\r\n.\r\nb\r\n')), { defect: undefined, eightBit: false });
  assert.deepEqual(scan(Buffer.from('\x80\r\n', 'latin1')), { defect: undefined, eightBit: true });
  assert.deepEqual(scan(), { defect: undefined, eightBit: false });
});

test('names what is wrong first', () => {
  assert.equal(defect('a\nb\rc\0'), 'bare-lf');
  assert.equal(defect('a\rb\nc\0'), 'bare-cr');
  assert.equal(defect('a\0b\r\nc\n'), 'nul');
  assert.equal(defect('\n'), 'bare-lf');
  assert.equal(defect('\r\r\n'), 'bare-cr');
  assert.equal(defect('a\r\n\nb'), 'bare-lf');
  assert.equal(defect('a\r'), 'bare-cr');
  assert.equal(defect('\r\0'), 'bare-cr');
  assert.equal(defect('\r\x80'), 'bare-cr');
});

const xs = (count: number) => 'x'.repeat(count);

test('a line has 998 octets at most, wherever it stands and however it is cut', () => {
  for (const before of ['', 'a\r\n', '\r\n\r\n'])
    for (const after of ['', '\r\n', '\r\nb\r\n']) {
      assert.equal(defect(before + xs(longestLine) + after), undefined);
      assert.equal(defect(before + xs(longestLine + 1) + after), 'long-line');
    }
  const chunks = `a\r\n${xs(999)}\r\nb`.split('').map((byte) => Buffer.from(byte));
  assert.equal(scan(...chunks).defect, 'long-line');
  assert.equal(scan(...chunks.toSpliced(5, 1)).defect, undefined, 'one octet less');
  assert.equal(defect(`${xs(999)}\r\n\0`), 'long-line', 'the first defect counts');
  assert.equal(defect(`${xs(999)}\0\r\n`), 'nul');
  assert.equal(defect(`${xs(999)}\r`), 'bare-cr');
});

const bytes = fc
  .array(fc.constantFrom(0x00, 0x0a, 0x0d, 0x2e, 0x41, 0xc3), { maxLength: 40 })
  .map((list) => Uint8Array.from(list));

/** Two lines near the limit, and sometimes a defect. */
const longLines = fc
  .tuple(
    fc.integer({ min: 990, max: 1005 }),
    fc.integer({ min: 990, max: 1005 }),
    fc.constantFrom('', '\r', '\n', '\0'),
  )
  .map(([first, second, rest]) => Uint8Array.from(Buffer.from(`${xs(first)}\r\n${xs(second)}${rest}\r\n`)));

test('property: the verdict agrees with a regular expression over the whole', () => {
  fc.assert(
    fc.property(bytes, (message) => {
      const text = Buffer.from(message).toString('latin1');
      const clean = /^(?:[^\r\n\0]|\r\n)*$/.test(text);
      assert.equal(scan(message).defect === undefined, clean);
    }),
    { numRuns: 5_000 },
  );
});

test('property: any chunking gives the same verdict', () => {
  fc.assert(
    fc.property(fc.oneof(bytes, longLines), fc.array(fc.nat(2100), { maxLength: 8 }), (message, cuts) => {
      const borders = [
        0,
        ...cuts.map((cut) => Math.min(cut, message.length)).toSorted((a, b) => a - b),
        message.length,
      ];
      const chunks = borders.slice(1).map((end, index) => message.subarray(borders[index], end));
      assert.deepEqual(scan(...chunks), scan(message));
    }),
    { numRuns: 5_000 },
  );
});
