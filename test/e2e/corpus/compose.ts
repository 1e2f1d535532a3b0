// How the messages of the corpus are put together: whole bytes, CRLF throughout, From and To the tests' usual ones.
// Composes what it is told to and checks nothing: odd shapes are the point.
import { usual } from '../../harness/manifests.ts';

export type Shape = {
  readonly name: string;
  readonly message: Buffer;
  /** Said with MAIL FROM, as the sending program would. */
  readonly mailParameters: string;
  /** Envelope recipients, where they are not the usual one. */
  readonly to?: readonly string[];
};

export type Header = Readonly<Record<string, string>>;

/** A message as one would submit it: what is beyond ASCII is declared. */
export function shape(name: string, message: Buffer): Shape {
  const eightBitClean = message.every((byte) => byte < 0x80);
  return { name, message, mailParameters: eightBitClean ? '' : ' BODY=8BITMIME' }; // RFC 6152 §2
}

/** RFC 6531 §3.4: header or addresses hold UTF-8. */
export function internationalShape(name: string, message: Buffer, to?: readonly string[]): Shape {
  return { name, message, mailParameters: ' BODY=8BITMIME SMTPUTF8', ...(to === undefined ? {} : { to }) };
}

/** CRLF throughout; `body` as it is. */
export function compose(fields: Header, body: string | Buffer): Buffer {
  const header = {
    From: `Shop <${usual.from}>`,
    To: `<${usual.to}>`,
    Subject: 'Your order',
    Date: 'Mon, 02 Nov 2026 10:00:00 +0000',
    'Message-ID': '<shape@shop.test>',
    'MIME-Version': '1.0',
    ...fields,
  };
  const lines = Object.entries(header).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${lines.join('')}\r\n`), Buffer.from(body)]);
}

export function text(body: string | Buffer): Buffer {
  return compose({ 'Content-Type': 'text/plain; charset=us-ascii' }, body);
}

/** Field lines that `compose` cannot say, repeated ones say, before the usual header; each without its CRLF. */
export function behind(lines: readonly string[], message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(lines.map((line) => `${line}\r\n`).join('')), message]);
}

/** Each part is its header, an empty line and its body; the boundary is quoted as it is. */
export function multipart(kind: string, fields: Header, parts: readonly string[], boundary = 'frontier'): Buffer {
  return compose({ ...fields, 'Content-Type': `multipart/${kind}; boundary="${boundary}"` }, parted(boundary, parts));
}

/** The body of a multipart. */
export function parted(boundary: string, parts: readonly string[]): string {
  return [...parts.map((part) => `--${boundary}\r\n${part}\r\n`), `--${boundary}--\r\n`].join('');
}

/** A multipart as a part of another. */
export function multipartPart(kind: string, boundary: string, parts: readonly string[], parameters = ''): string {
  return `Content-Type: multipart/${kind}; boundary="${boundary}"${parameters}\r\n\r\n${parted(boundary, parts)}`;
}

/** Lines of 76 characters, each with its CRLF. */
export function base64(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,76}/g) ?? [];
  return `${lines.join('\r\n')}\r\n`;
}

/** Bytes that look random and are the same every time. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
