// What a reader takes for an address in the display name of a From or Sender field. Mail programs show the name and hide the address
// behind it, so `"ceo@bank.example" <me@shop.example>` is read as mail of the bank.
// Decodes as mail programs do, encoded words inside quotes too (RFC 2047 §5 forbids them there, programs decode them all the same).
// Refuses to know who may use the addresses found.
import { parseMailbox, type Mailbox } from '@relayfleet/contract/address.ts';

/** An address a name shows; undefined for text that looks like one, or may hide one, and is none in our grammar. */
export type ShownAddress = Mailbox | undefined;

/** All of them, in order. `name` is the field's value before its `<`, unfolded. Takes time linear in its length. */
export function addressesShown(name: string): readonly ShownAddress[] {
  const decoded = decodeWords(name.replace(/\\(.)/g, '$1'));
  if (decoded === undefined || directionOverride.test(decoded)) return [undefined];
  // NFKC: a reader takes a wide ＠ for @. Format characters, such as a zero-width space, are not seen at all.
  const text = decoded.normalize('NFKC').replace(/\p{Cf}/gu, '');
  const shown: ShownAddress[] = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const local = beforeAt.exec(text.slice(Math.max(0, at - 64), at))?.[0];
    domainLike.lastIndex = at + 1;
    const domain = domainLike.exec(text)?.[0];
    if (local && domain) shown.push(parseMailbox(`${local}@${domain}`));
  }
  return shown;
}

const directionOverride = /[\u202d\u202e]/; // what is shown runs the other way than what is written
const beforeAt = /[\p{L}\p{N}][^\s<>"(),;:@]*$/u;
const domainLike = /(?:[\p{L}\p{N}\p{M}_-]+[.\u3002])+[\p{L}\p{N}\p{M}_-]+/uy;

// RFC 2047 §2, with the language that may follow the character set. Blanks are not allowed inside; programs take them.
const encodedWord = /=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=/gi;

/** Undefined when a word is in a character set nobody here can read: then nobody knows what is shown. */
function decodeWords(text: string): string | undefined {
  try {
    return text
      .replace(/\?=\s+=\?/g, '?==?') // RFC 2047 §6.2: blanks between encoded words are not shown
      .replace(encodedWord, (_, charset: string, encoding: string, content: string) =>
        new TextDecoder(charset).decode(Buffer.from(content64(encoding, content), 'base64')),
      );
  } catch {
    return undefined;
  }
}

/** The bytes of an encoded word, as base64. RFC 2047 §4.2: in Q, `_` is a space and `=XX` a byte. */
function content64(encoding: string, content: string): string {
  if (encoding.toLowerCase() === 'b') return content;
  const bytes = content
    .replace(/_/g, ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('base64');
}
