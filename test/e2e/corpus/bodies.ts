// Shapes of the body's bytes: dots, blanks, ends and lengths of lines, transfer encodings, bytes beyond ASCII, large ones.
import { base64, compose, multipart, noise, shape, text, type Shape } from './compose.ts';

const dots = ['.', '..', '...', '. ', '.\t', ' .', '.a', '..a', '.\u007f', '.--', '-.', `.${'x'.repeat(997)}`];

export const bodies: readonly Shape[] = [
  shape('8-bit text, declared', eightBit()),
  shape('UTF-8 text with every length of character', utf8()),
  shape('bytes that are no text: 8bit', binaryLike()),
  shape('control characters, but no NUL, CR or LF', controls()),
  shape('lines of 998 octets, in header and body', longLines()),
  shape(
    '8-bit lines of 998 octets',
    text(Buffer.concat(Array<Buffer>(20).fill(Buffer.from(`${'\xe4'.repeat(998)}\r\n`, 'latin1')))),
  ),
  shape('lines that begin with dots', text('.\r\n..\r\n...\r\n.a line\r\n. \r\nbetween\r\n.\r\n')),
  shape('every kind of dot line, one after another', text(`${[...dots, ...dots.toReversed()].join('\r\n')}\r\n`)),
  shape('a body that begins with a dot', text('.first')),
  shape('nothing but dots', text('.\r\n'.repeat(300))),
  shape('what looks like the end of the data, within a line', text('QUIT\r\n a.\r\n.b\r\n \r\n. \r\nDATA\r\n')),
  shape('no body, only the empty line', text('')),
  shape('no empty line: header only', headerOnly()),
  shape('one byte of body', text('x')),
  shape('empty lines only', text('\r\n\r\n\r\n\r\n')),
  shape('blanks only', text(' \r\n\t\r\n \t ')),
  shape('blanks at the very beginning', text('  \t indented\r\n')),
  shape('400 KB of blanks and line ends, and then a word', text(`${`${' '.repeat(300)}\r\n`.repeat(1_300)}end`)),
  shape('blanks at line ends, empty lines at the end', text('a  \r\nb\t\r\n \t \r\nend\r\n\r\n\r\n \r\n\r\n')),
  shape('no line end before the final dot', text('a line\r\nanother, and no more')),
  shape('a blank as the very last byte', text('end\r\n ')),
  shape('"From " at the start of lines', text('From me to you\r\n>From here\r\n From there\r\n')),
  shape('base64 without a final line end', encoded('base64', base64(noise(1_000)).trimEnd())),
  shape('base64 in one line of 996 characters', encoded('base64', `${noise(747).toString('base64')}\r\n`)),
  shape('base64 in lines of odd length, with blanks and more after the end', oddBase64()),
  shape('quoted-printable with soft breaks everywhere', softBreaks()),
  shape(
    'quoted-printable that encodes line ends, dots and blanks',
    encoded('quoted-printable', '=0D=0A=2E=0D=0A=20\r\n=\r\n=2E=\r\n.=\r\n'),
  ),
  shape('uuencoded within the text', text(uuencoded())),
  shape('format=flowed, with stuffed blanks', flowed()),
  shape('a signature line and quotes', text('> quoted \r\n>> twice\r\n-- \r\nShop\r\n')),
  shape('just under what is kept with the envelope', text('0123456789 abcdefghij\r\n'.repeat(11_800))),
  shape('just over what is kept with the envelope', text('0123456789 abcdefghij\r\n'.repeat(11_920))),
  shape('an attachment of 300 KB', attachments(1, 300_000)),
  shape('twenty attachments, 1.6 MB', attachments(20, 80_000)),
  shape('an attachment of 3 MB that begins every line with a dot', attachment('8bit', dottedLines(3_000_000))),
  shape('an attachment of 3 MB', attachment('base64', base64(noise(2_250_000)))),
];

function encoded(encoding: string, body: string): Buffer {
  return compose({ 'Content-Type': 'text/plain; charset=utf-8', 'Content-Transfer-Encoding': encoding }, body);
}

function eightBit(): Buffer {
  const fields = { 'Content-Type': 'text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding': '8bit' };
  const everyHighByte = Buffer.from(Array.from({ length: 0x80 }, (_, i) => 0x80 + i)); // not UTF-8, on purpose
  return compose(fields, Buffer.concat([everyHighByte, Buffer.from('\r\nGr\xfc\xdfe, \xa3 5\r\n', 'latin1')]));
}

function utf8(): Buffer {
  return encoded('8bit', '\ufeffa \u00e4 \u20ac \u{1f4e6} e\u0301 \u202eright to left\u202c \u00a0\u2028\u0085\r\n');
}

/** All bytes but NUL, CR and LF, in lines. */
function binaryLike(): Buffer {
  const bytes = noise(60_000, 7).map((byte) => (byte === 0 || byte === 10 || byte === 13 ? 0xff : byte));
  const lines = Array.from({ length: 100 }, (_, i) =>
    Buffer.concat([bytes.subarray(i * 600, (i + 1) * 600), Buffer.from('\r\n')]),
  );
  const fields = { 'Content-Type': 'application/octet-stream', 'Content-Transfer-Encoding': '8bit' };
  return compose(fields, Buffer.concat(lines));
}

function controls(): Buffer {
  const all = Array.from({ length: 32 }, (_, i) => i).filter((byte) => byte !== 0 && byte !== 10 && byte !== 13);
  return text(Buffer.from([...all, 0x7f, 13, 10, 0x1a, 13, 10, 0x0b, 0x0c, 13, 10]));
}

/** RFC 5322 §2.1.1: 998 octets and CRLF at most. */
function longLines(): Buffer {
  const references = `<${'r'.repeat(998 - 'References: <@shop.test>'.length)}@shop.test>`;
  const lines = Array.from({ length: 40 }, (_, i) => String(i % 10).repeat(998));
  return compose({ References: references, 'Content-Type': 'text/plain' }, `${lines.join('\r\n')}\r\n`);
}

/** RFC 5322 §3.5: the body, and the empty line with it, may be absent. */
function headerOnly(): Buffer {
  const whole = compose({}, '');
  return whole.subarray(0, whole.length - 2);
}

function oddBase64(): Buffer {
  const lines =
    noise(2_000, 3)
      .toString('base64')
      .match(/.{1,61}/g) ?? [];
  return encoded(
    'base64',
    `\r\n${lines.map((line, i) => (i % 3 === 0 ? `${line} \t` : line)).join('\r\n')}\r\nnot base64!\r\n`,
  );
}

function softBreaks(): Buffer {
  const lines = Array.from({ length: 50 }, (_, i) => `${'=C3=A4'.repeat(12)}${i % 2 === 0 ? '=' : '=20'}`);
  return encoded('quoted-printable', `${lines.join('\r\n')}\r\n=\r\n`);
}

function uuencoded(): string {
  return 'begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n';
}

/** RFC 3676: lines that end in a blank go on; what begins with a blank or "From" has one more in front. */
function flowed(): Buffer {
  const fields = { 'Content-Type': 'text/plain; charset=us-ascii; format=flowed; delsp=yes' };
  return compose(
    fields,
    'A paragraph \r\nthat goes on  \r\nand ends.\r\n  indented\r\n From here\r\n>> quoted \r\n-- \r\n.\r\n',
  );
}

function attachments(count: number, size: number): Buffer {
  return multipart(
    'mixed',
    {},
    Array.from({ length: count }, (_, i) => {
      const bytes = Buffer.alloc((size / 4) * 3, `attachment ${i} \u0000\u00ff`);
      return `Content-Type: application/pdf; name="${i}.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(bytes)}`;
    }),
  );
}

function attachment(encoding: string, body: string): Buffer {
  const header = `Content-Type: application/octet-stream; name="large.bin"\r\nContent-Transfer-Encoding: ${encoding}\r\n`;
  return multipart('mixed', {}, ['Content-Type: text/plain\r\n\r\nlarge\r\n', `${header}\r\n${body}`]);
}

/** Dots at every distance from the chunks a large body is cut into. */
function dottedLines(size: number): string {
  const lines: string[] = [];
  for (let written = 0; written < size; written += lines.at(-1)!.length + 2)
    lines.push('.'.repeat(1 + (lines.length % 97)));
  return `${lines.join('\r\n')}\r\n`;
}
