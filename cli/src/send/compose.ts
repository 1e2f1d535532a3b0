// The message of a test mail as bytes: composed by nodemailer, or somebody's own. Lines end with CRLF, whatever the file had.
import { createTransport } from 'nodemailer';

export type Content =
  | { readonly kind: 'text'; readonly subject: string; readonly text: string }
  /** A whole message; only its line ends are put right. */
  | { readonly kind: 'raw'; readonly message: Buffer };

export async function compose(content: Content, from: string, to: readonly string[]): Promise<Buffer> {
  if (content.kind === 'raw') return withCrlf(content.message);
  const { subject, text } = content;
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await composer.sendMail({ from, to: to.join(', '), subject, text });
  return withCrlf(message as Buffer);
}

/** RFC 5321 §4.5.2: the message with dots doubled and ended by a line with one. */
export function forTheWire(message: Buffer): Buffer {
  const stuffed = message.toString('latin1').replace(/^\./gm, '..');
  return Buffer.from(`${stuffed}${stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1');
}

function withCrlf(message: Buffer): Buffer {
  return Buffer.from(message.toString('latin1').replace(/(?<!\r)\n/g, '\r\n'), 'latin1');
}
