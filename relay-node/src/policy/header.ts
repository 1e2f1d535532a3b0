// Reads the little of a message's header that policy needs: the author's fields, the trace, what is missing. Caps come before parsing, since
// signers and verifiers were measured to take seconds over one header of 32,000 folded lines.
// Lines that readers may take differently (obsolete forms of RFC 5322 §4) make the header malformed instead of being guessed at.
// Refuses to know whether the mailboxes found may be used.
import type { Mailbox } from '@relayfleet/contract/address.ts';
import { addressesShown, type ShownAddress } from './display-name.ts';
import { displayNameOf, parseSingleMailbox } from './single-mailbox.ts';

export const headerLimits = { bytes: 64 * 1024, folds: 1000 } as const;

/** One field that should hold one mailbox; undefined where it does not. */
export type MailboxField = {
  readonly mailbox: Mailbox | undefined;
  /** What readers take for addresses in its display name. */
  readonly shown: readonly ShownAddress[];
};

export type HeaderReading = {
  readonly problem: 'too-large' | 'too-many-folds' | 'malformed' | undefined;
  /** Every From field, in order; empty when there is a problem. */
  readonly from: readonly MailboxField[];
  /** Every Sender field. */
  readonly sender: readonly MailboxField[];
  /** Received fields: hops the message has behind it. */
  readonly received: number;
  /** Whether there is such a field, even an empty one. */
  readonly date: boolean;
  readonly messageId: boolean;
};

/** Reads the header section at the start of `message` (raw bytes, lines ended by CRLF). */
export function readHeader(message: Uint8Array): HeaderReading {
  const header = headerSection(message);
  if (header === undefined) return unreadable('too-large');
  const lines = header.split('\r\n');
  if (lines.at(-1) === '') lines.pop(); // after the last CRLF
  if (lines.filter(isFold).length > headerLimits.folds) return unreadable('too-many-folds');
  const fields = unfold(lines);
  if (fields === undefined) return unreadable('malformed');
  const named = (name: string) => fields.filter((field) => field.name === name);
  return {
    problem: undefined,
    from: named('from').map(mailboxField),
    sender: named('sender').map(mailboxField),
    received: named('received').length,
    date: named('date').length > 0,
    messageId: named('message-id').length > 0,
  };
}

function mailboxField(field: Field): MailboxField {
  const value = utf8(field.value);
  return { mailbox: parseSingleMailbox(value), shown: addressesShown(displayNameOf(value)) };
}

type Field = { readonly name: string; readonly value: string };

/** The header with its last CRLF, one character a byte; undefined when it is larger than we read. */
function headerSection(message: Uint8Array): string | undefined {
  const start = Buffer.from(message.buffer, message.byteOffset, Math.min(message.length, headerLimits.bytes + 2));
  if (start.indexOf('\r\n') === 0) return '';
  const blankLine = start.indexOf('\r\n\r\n');
  if (blankLine >= 0) return start.toString('latin1', 0, blankLine + 2);
  if (message.length > headerLimits.bytes) return undefined;
  return start.toString('latin1'); // RFC 5322 §3.5: the body, and the blank line with it, may be absent
}

/** Undefined when a line is neither a field nor a continuation that holds something. */
function unfold(lines: readonly string[]): readonly Field[] | undefined {
  const fields: { name: string; value: string }[] = [];
  for (const line of lines) {
    const last = fields.at(-1);
    if (isFold(line)) {
      if (last === undefined || !/[^ \t]/.test(line)) return undefined; // RFC 5322 §4.2: obs-FWS; some readers end the header here
      last.value += line;
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!/^[!-9;-~]+$/.test(name)) return undefined; // RFC 5322 §2.2: no space before the colon, which obs-optional would allow
    fields.push({ name: name.toLowerCase(), value: line.slice(colon + 1) });
  }
  return fields;
}

function isFold(line: string): boolean {
  return line.startsWith(' ') || line.startsWith('\t');
}

function unreadable(problem: NonNullable<HeaderReading['problem']>): HeaderReading {
  return { problem, from: [], sender: [], received: 0, date: false, messageId: false };
}

/** RFC 6532 §3.2: UTF-8 may stand in a field; other bytes become U+FFFD, which no mailbox holds. */
function utf8(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}
