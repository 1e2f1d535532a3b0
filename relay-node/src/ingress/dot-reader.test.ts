import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createDotReader } from './dot-reader.ts';

/** All content, and what came behind the end, if it came. */
function read(...chunks: readonly string[]): { content: string; rest: string | undefined } {
  const reader = createDotReader();
  let content = '';
  for (const [index, chunk] of chunks.entries()) {
    const found = reader.push(Buffer.from(chunk, 'latin1'));
    content += found.content.toString('latin1');
    if (found.rest !== undefined)
      return { content, rest: found.rest.toString('latin1') + chunks.slice(index + 1).join('') };
  }
  return { content, rest: undefined };
}

const table: readonly (readonly [wire: string, content: string, rest: string | undefined])[] = [
  ['.\r\n', '', ''],
  ['.\r\nQUIT\r\n', '', 'QUIT\r\n'],
  ['a\r\n.\r\n', 'a\r\n', ''],
  ['\r\n.\r\n', '\r\n', ''],
  ['..\r\n.\r\n', '.\r\n', ''],
  ['..a\r\n...\r\n.\r\n', '.a\r\n..\r\n', ''],
  ['.a\r\n.\r\n', 'a\r\n', ''], // RFC 5321 §4.5.2, whether the client meant it or not
  ['a..\r\n.\r\n', 'a..\r\n', ''],
  ['a\r\n.\r\n.\r\n', 'a\r\n', '.\r\n'],
  ['a\n.\n.\r\nb\r\n.\r\n', 'a\n.\n.\r\nb\r\n', ''],
  ['a\n.\r\nb\r\n.\r\n', 'a\n.\r\nb\r\n', ''],
  ['a\r.\r\nb\r\n.\r\n', 'a\r.\r\nb\r\n', ''],
  ['a\r\n.\nb\r\n.\r\n', 'a\r\n\nb\r\n', ''],
  ['a\r\n.\rb\r\n.\r\n', 'a\r\n\rb\r\n', ''],
  ['a\r\n.\r\r\n.\r\n', 'a\r\n\r\r\n', ''],
  ['a\r\r\n.\r\n', 'a\r\r\n', ''],
  ['.\r.\r\n', '\r.\r\n', undefined],
  ['a\r\n', 'a\r\n', undefined],
];
for (const [wire, content, rest] of table)
  test(`${JSON.stringify(wire)}, cut anywhere`, () => {
    assert.deepEqual(read(wire), { content, rest });
    assert.deepEqual(read(...wire.split('')), { content, rest });
    for (let cut = 0; cut <= wire.length; cut += 1)
      assert.deepEqual(read(wire.slice(0, cut), wire.slice(cut)), { content, rest }, `cut at ${cut}`);
  });

const bytes = fc.array(fc.constantFrom('\r', '\n', '.', '\0', 'a', '\r\n', '\r\n.', '\r\n.\r\n'), { maxLength: 20 });

test('property: content and rest are what regular expressions make of the whole, however it is cut', () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(60), { maxLength: 6 }), (parts, cuts) => {
      const wire = parts.join('');
      const end = /(^|\r\n)\.\r\n/.exec(wire);
      const message = end ? wire.slice(0, end.index) + end[1] : wire;
      const held = end ? '' : (/(?:^|\r\n)(\.\r?)$/.exec(wire)?.[1] ?? ''); // may still become the end
      const content = message.slice(0, message.length - held.length).replace(/(^|\r\n)\./g, '$1');
      const rest = end ? wire.slice(end.index + end[0].length) : undefined;
      const borders = [0, ...cuts.map((cut) => Math.min(cut, wire.length)).toSorted((a, b) => a - b), wire.length];
      const chunks = borders.slice(1).map((to, index) => wire.slice(borders[index], to));
      assert.deepEqual(read(...chunks), { content, rest });
    }),
    { numRuns: 20_000 },
  );
});

test('property: what a client stuffs comes out as it was', () => {
  fc.assert(
    fc.property(bytes, (parts) => {
      const message = `${parts.join('')}\r\n`;
      const stuffed = message.replace(/(^|\r\n)\./g, '$1..');
      assert.deepEqual(read(`${stuffed}.\r\nNOOP`), { content: message, rest: 'NOOP' });
    }),
    { numRuns: 5_000 },
  );
});
