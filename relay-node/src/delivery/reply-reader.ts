// Reads a peer's replies out of the octets it sent, however they were split (RFC 5321 §4.2). Takes what lax servers do to the form:
// bare LF, 8-bit text, blank lines between replies. What is not a reply ends the reading, as nothing after it can be matched to a
// question any more. Refuses to know what was asked.
import { isUtf8 } from 'node:buffer';

export type Reply = {
  readonly code: number;
  /** The whole reply, its lines separated by LF. */
  readonly text: string;
};

/** `BAD_REPLY`: a line that is no reply line, or codes that contradict one another. `LONG_REPLY`: over the limit. */
export type Unreadable = { readonly unreadable: 'BAD_REPLY' | 'LONG_REPLY' };

export type ReplyReader = {
  /** What these octets completed, in order. Something unreadable is the last there ever is. */
  push(octets: Buffer): readonly (Reply | Unreadable)[];
  /** Whether a reply has begun and its end is still to come. */
  isInside(): boolean;
};

/** Octets of one reply. RFC 5321 §4.5.3.1.5 allows 512 a line; a peer that explains itself at length stays far below this. */
const longestReply = 65_536;

const replyLine = /^(\d{3})(?:([ -])|$)/;

export function openReplyReader(limit = longestReply): ReplyReader {
  let lines: string[] = [];
  let size = 0; // of the lines kept
  let rest = ''; // of a line not yet ended
  let broken = false;

  const push = (octets: Buffer): readonly (Reply | Unreadable)[] => {
    const found: (Reply | Unreadable)[] = [];
    const give = (one: Reply | Unreadable | undefined) => {
      if (one === undefined) return;
      found.push(one);
      broken = 'unreadable' in one;
    };
    const text = octets.toString('latin1');
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1 && !broken; end = text.indexOf('\n', from)) {
      give(takeLine(rest + text.slice(from, end)));
      rest = '';
      from = end + 1;
    }
    if (broken) return found;
    rest += text.slice(from);
    if (size + rest.length > limit) give({ unreadable: 'LONG_REPLY' });
    return found;
  };

  /** One line without its LF; the reply or defect it completes. */
  const takeLine = (ended: string): Reply | Unreadable | undefined => {
    size += ended.length;
    if (size > limit) return { unreadable: 'LONG_REPLY' };
    const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended;
    if (lines.length === 0 && line.trim() === '') return void (size = 0);
    const [, code, separator] = replyLine.exec(line) ?? [];
    // RFC 5321 §4.2.1: every line of a reply has the same code. One that both takes and refuses says nothing.
    if (code === undefined || (lines.length > 0 && !lines[0]!.startsWith(code))) return { unreadable: 'BAD_REPLY' };
    lines.push(line);
    if (separator === '-') return undefined;
    const text = decode(lines.join('\n'));
    lines = [];
    size = 0;
    return { code: Number(code), text };
  };

  return { push, isInside: () => lines.length > 0 || rest.trim() !== '' };
}

/** The reply's class, its first digit: the only part of it that decides. RFC 5321 §4.2.1 */
export function replyClass({ code }: Reply): number {
  return Math.trunc(code / 100);
}

/** Text of a reply has no declared charset; it is UTF-8 where it can be. */
function decode(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const octets = Buffer.from(latin1, 'latin1');
  return isUtf8(octets) ? octets.toString('utf8') : latin1;
}
