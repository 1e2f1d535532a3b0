import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stuffed } from './dot-stuffing.ts';

function collect(pieces: readonly Buffer[]): { blocks: Buffer[]; end: Buffer } {
  const blocks: Buffer[] = [];
  const source = stuffed(pieces);
  for (;;) {
    const { value, done } = source.next();
    if (done === true) return { blocks, end: value };
    blocks.push(value ?? assert.fail('a block is missing'));
  }
}
const wire = (...pieces: readonly Buffer[]) => {
  const { blocks, end } = collect(pieces);
  return Buffer.concat([...blocks, end]).toString('latin1');
};
const text = (value: string) => Buffer.from(value, 'latin1');

/** RFC 5321 §4.5.2, octet by octet. */
function reference(message: string): string {
  let out = '';
  for (let i = 0; i < message.length; i++) {
    const startsLine = i === 0 || (message[i - 1] === '\n' && message[i - 2] === '\r');
    out += startsLine && message[i] === '.' ? '..' : message[i];
  }
  return out + (message === '' || message.endsWith('\r\n') ? '.\r\n' : '\r\n.\r\n');
}

/** What a receiver makes of it. */
function undone(data: string): string {
  const [, body = ''] = /^([\s\S]*?)(?:^|\r\n)\.\r\n$/.exec(data) ?? assert.fail('no end');
  return body.replace(/(^|\r\n)\./g, '$1');
}

test('dots at the start of a line are doubled and a lone one ends the data', () => {
  assert.equal(wire(text('a\r\n.b\r\n')), 'a\r\n..b\r\n.\r\n');
  assert.equal(wire(text('.\r\n.\r\n')), '..\r\n..\r\n.\r\n');
  assert.equal(wire(text('a.b\r\nno end')), 'a.b\r\nno end\r\n.\r\n');
  assert.equal(wire(), '.\r\n');
});

test('any octets in any pieces go as the standard says, octet by octet', () => {
  const piece = fc.array(fc.constantFrom('\r', '\n', '.', 'a', '\r\n', '\r\n.', '\xff'), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const parts = pieces.map((octets) => octets.join(''));
      const sent = wire(...parts.map(text));
      assert.equal(sent, reference(parts.join('')));
      assert.equal(undone(sent), parts.join('').replace(/\r\n$/, ''));
      assert.ok(!sent.slice(0, -5).includes('\r\n.\r\n')); // nothing ends the data early
    }),
    { numRuns: 1_000 },
  );
});

test('pieces that come later go out as if they had been there, whenever they come', () => {
  const piece = fc
    .array(fc.constantFrom('\r', '\n', '.', 'a', '\r\n', '\r\n.'), { maxLength: 8 })
    .map((octets) => octets.join(''));
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 3 }),
      fc.array(fc.option(piece, { nil: undefined }), { maxLength: 12 }),
      (ready, coming) => {
        const arrivals = coming.map((octets) => (octets === undefined ? undefined : text(octets))); // undefined: nothing there yet
        const supply = { take: () => arrivals.shift(), isOver: () => arrivals.length === 0 };
        const source = stuffed(ready.map(text), supply);
        let sent = '';
        for (;;) {
          const { value, done } = source.next();
          sent += value?.toString('latin1') ?? '';
          if (done === true) break;
        }
        assert.equal(sent, reference([...ready, ...coming].join('')));
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a dot at the edge of a block is doubled like any other', () => {
  for (let at = 65_530; at <= 65_540; at++) {
    const message = `${'x'.repeat(at)}\r\n.y\r\n`;
    assert.equal(wire(text(message)), reference(message), `at ${at}`);
  }
});

test('only blocks with a dot to double are copied', () => {
  const large = Buffer.alloc(300_000, 'an ordinary line\r\n');
  large.write('\r\n.', 200_000, 'latin1');
  const { blocks } = collect([Buffer.from('Header: x\r\n'), large]);
  assert.ok(blocks.every(({ length }) => length <= 65_537));
  assert.deepEqual(blocks.filter(({ buffer }) => buffer !== large.buffer).length, 2); // the header and the one
});
