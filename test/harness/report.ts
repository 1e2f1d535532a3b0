// Reads a bounce as a foreign program would: RFC 6522 multipart/report with an RFC 3464 delivery status inside.
// Strict where the standards are: what is not there makes it throw.
import assert from 'node:assert/strict';

/** Field names in lower case; of repeated fields the first. */
export type Fields = Readonly<Record<string, string>>;

export type Report = {
  readonly header: Fields;
  /** For people. */
  readonly text: string;
  /** RFC 3464 §2.2, about the message as a whole. */
  readonly message: Fields;
  /** RFC 3464 §2.3, one for each recipient. */
  readonly recipients: readonly Fields[];
  /** The message returned, or its header. */
  readonly returned: string;
};

export function readReport(raw: Buffer): Report {
  const { header, body } = split(raw.toString('utf8'));
  const type = field(header, 'content-type');
  assert.match(type, /^multipart\/report\s*;.*report-type="?delivery-status"?/i);
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  assert.ok(boundary !== undefined && body.includes(`--${boundary}--`), 'a boundary, and the closing one');
  const parts = body.split(`--${boundary}`).slice(1, -1);
  const [text, status, returned] = parts.map((part) => split(part.replace(/^\r\n/, '')));
  assert.ok(text !== undefined && status !== undefined && returned !== undefined, 'three parts');
  assert.match(field(text.header, 'content-type'), /^text\/plain/i);
  assert.equal(field(status.header, 'content-type'), 'message/delivery-status');
  assert.match(field(returned.header, 'content-type'), /^(message\/(rfc822|global)|text\/rfc822-headers)/i);
  const [message = {}, ...recipients] = status.body.trim().split('\r\n\r\n').map(fields);
  return { header, text: text.body, message, recipients, returned: returned.body };
}

function field(header: Fields, name: string): string {
  const value = header[name];
  assert.ok(value !== undefined, `a field ${name}`);
  return value;
}

function split(text: string): { readonly header: Fields; readonly body: string } {
  const end = text.indexOf('\r\n\r\n');
  assert.ok(end > 0, 'a header and an empty line');
  return { header: fields(text.slice(0, end)), body: text.slice(end + 4) };
}

function fields(text: string): Fields {
  const lines = text.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const entries = lines
    .filter((line) => line !== '')
    .map((line): [string, string] => {
      const [, name, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? [];
      assert.ok(name !== undefined && value !== undefined, `a header field: ${line}`);
      return [name.toLowerCase(), value.trim()];
    });
  return Object.fromEntries(entries.toReversed());
}
