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
    blocks.push(value);
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
