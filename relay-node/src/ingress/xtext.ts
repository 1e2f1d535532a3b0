// RFC 3461 §4: xtext, the encoding of the DSN parameters ENVID and ORCPT, checked and never decoded: they go to the next hop and into
// bounces as they came. smtp-server hands them over decoded, and takes what is no xtext; so they are read from the command itself.
import { isUtf8 } from 'node:buffer';

/** Whether `text` is xtext of printable ASCII: no byte hides in `+0D`. RFC 3461 §4.4 asks that much of ENVID. */
export function isXtext(text: string): boolean {
  return /^(?:[!-*,-<>-~]|\+(?:[2-6][0-9A-F]|7[0-9A-E]))+$/.test(text);
}

/**
 * ORCPT as it is kept, all ASCII: `addr-type;xtext` (RFC 3461 §4.2); undefined where it is malformed. For addresses beyond ASCII
 * there are two ways. RFC 6533 §3 has them as they are, in `utf-8;`: they become `\x{F6}`, which any next hop takes. Postfix
 * has the octets of UTF-8 in `rfc822;`, as `+C3+B6`.
 */
export function originalRecipient(text: string): string | undefined {
  const [, type = '', address = ''] = /^([A-Za-z0-9-]+);(.+)$/.exec(text) ?? [];
  const ascii = type.toLowerCase() === 'utf-8' ? address.replaceAll(/[^\p{ASCII}\p{Cc}\ufffd]/gu, embedded) : address;
  return isXtext(ascii.replaceAll(/(?:\+[89A-F][0-9A-F])+/g, withoutUtf8)) ? `${type};${ascii}` : undefined;
}

/** The value of parameter `name` in a MAIL or RCPT command, as the client spelled it. */
export function rawParameter(command: string, name: 'ENVID' | 'ORCPT'): string | undefined {
  const parameters = command.slice(command.indexOf('>') + 1).split(/\s+/);
  const found = parameters.find((parameter) => parameter.slice(0, name.length + 1).toUpperCase() === `${name}=`);
  return found?.slice(name.length + 1);
}

function embedded(character: string): string {
  return `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`;
}

/** Encoded octets beyond ASCII, as something that is xtext if they are UTF-8, and as they are if not. */
function withoutUtf8(octets: string): string {
  return isUtf8(Buffer.from(octets.replaceAll('+', ''), 'hex')) ? 'x' : octets;
}
