// Our own strict grammar of a mailbox: narrower than RFC 5321, so that no two parsers on the way can disagree about it.
// Quoted local parts, address literals, source routes and comments are refused; `%` and `!` mean nothing.
// Refuses to know who may use the address.
import { canonicalDomain } from './domain-name.ts';

// RFC 5321 §4.1.2: Dot-string of atext; RFC 6531 §3.3 adds UTF-8 beyond ASCII (no controls, no separators).
const dotString = /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+)*$/u;

export type Mailbox = { readonly local: string; readonly domain: string; readonly utf8: boolean };

/** Reads `local@domain`; the domain comes back canonical. Undefined when the grammar refuses it. */
export function parseMailbox(text: string): Mailbox | undefined {
  const at = text.lastIndexOf('@');
  if (at < 1) return undefined;
  const local = text.slice(0, at);
  const spelled = text.slice(at + 1);
  const domain = canonicalDomain(spelled);
  if (domain === undefined || !dotString.test(local)) return undefined;
  if (Buffer.byteLength(local) > 64) return undefined; // RFC 5321 §4.5.3.1.1
  if (Buffer.byteLength(local) + domain.length + 3 > 256) return undefined; // RFC 5321 §4.5.3.1.3, with the angle brackets
  return { local, domain, utf8: /[^\x20-\x7e]/.test(local) };
}

/** `local@domain` in its one spelling. */
export function formatMailbox(mailbox: Mailbox): string {
  return `${mailbox.local}@${mailbox.domain}`;
}

/** Whether a local part matches a sender pattern: `*` is everyone, anything else is compared without regard to case. */
export function matchesLocalPart(pattern: string, local: string): boolean {
  return pattern === '*' || pattern.toLowerCase() === local.toLowerCase();
}
