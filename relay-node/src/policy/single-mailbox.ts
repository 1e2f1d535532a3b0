// The value of a From or Sender field, when it is exactly one mailbox that every reader takes for the same one.
// Narrower than RFC 5322 §3.4: `local@domain`, or `<local@domain>` with an optional display name in front of it.
// No groups, no lists, no comments, no routes, no quoted local parts. Encoded words are part of the display name only.
import { parseMailbox, type Mailbox } from '@relayfleet/contract/address.ts';

/** Reads an unfolded field value; undefined unless it is exactly one mailbox. Takes time linear in its length. */
export function parseSingleMailbox(value: string): Mailbox | undefined {
  const text = withoutOuterBlanks(value);
  const open = endOfDisplayName(text);
  if (open === undefined) return addrSpec(text);
  return text.endsWith('>') ? addrSpec(text.slice(open + 1, -1)) : undefined;
}

/** What stands before the `<` of a field value; empty where there is none, or where it is no display name. */
export function displayNameOf(value: string): string {
  const text = withoutOuterBlanks(value);
  return text.slice(0, endOfDisplayName(text) ?? 0);
}

// RFC 5322 §3.2.5, a word of a phrase: an atom, with the dots that §4.1 adds ("John Q. Public"), or a quoted string. Both may
// hold what is printed beyond ASCII (RFC 6532 §3.2), but not bytes that were not UTF-8 (U+FFFD). No `<`, `@` or `,` in an atom.
const atom = /(?:[\w.!#$%&'*+/=?^`{|}~-]|(?!\p{ASCII})[^\p{C}\p{Z}\ufffd])+/u.source;
const quoted = /"(?:[^"\\\p{Cc}\ufffd]|\\[ -~])*"/u.source;
const word = new RegExp(`[ \\t]*(?:${atom}|${quoted})[ \\t]*`, 'uy');

/** Where the display name ends, at its `<`; undefined when the text does not start as a display name before a `<`. */
function endOfDisplayName(text: string): number | undefined {
  let position = 0;
  while (position < text.length && text[position] !== '<') {
    word.lastIndex = position;
    if (!word.test(text)) return undefined;
    position = word.lastIndex;
  }
  return text[position] === '<' ? position : undefined;
}

/** `utf8` covers the domain too: a header goes out as it is spelled. */
function addrSpec(text: string): Mailbox | undefined {
  if (text.includes('=?')) return undefined; // RFC 2047 §5: no encoded word here; a reader that decodes it sees another address
  const mailbox = parseMailbox(text);
  return mailbox && { ...mailbox, utf8: /[^\x20-\x7e]/.test(text) };
}

function withoutOuterBlanks(text: string): string {
  const blank = (character: string | undefined) => character === ' ' || character === '\t';
  let start = 0;
  let end = text.length;
  while (blank(text[start])) start += 1;
  while (end > start && blank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}
