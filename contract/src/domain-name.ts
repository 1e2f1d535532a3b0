// The one spelling of a domain name: A-labels, lower case, no trailing dot.
// Decides which names we accept at all; refuses to know whether they exist (that is DNS's word).
import { domainToASCII, domainToUnicode } from 'node:url';

const ldhLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/; // RFC 5890 §2.3.1: letters, digits, hyphen; 63 octets

// Nearly every name on the way is already in its one spelling; the conversions were 1 % of a busy node's CPU profile.
const plainName = /^(?!(.*\.)?xn--)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Canonical form of a domain, or undefined when it is not one we relay for or to: address literals, single labels,
 * names over 253 octets, and spellings that only a browser would take for that name are refused.
 */
export function canonicalDomain(input: string): string | undefined {
  if (input.length > 1024) return undefined;
  if (input.length <= 253 && plainName.test(input)) return input;
  const ascii = domainToASCII(input);
  if (ascii === '' || ascii.length > 253 || domainToASCII(ascii) !== ascii) return undefined;
  if (!spells(input, ascii)) return undefined;
  const labels = ascii.split('.');
  if (labels.length < 2 || !labels.every((label) => ldhLabel.test(label))) return undefined;
  return /^[0-9]+$/.test(labels.at(-1) ?? '') ? undefined : ascii; // a numeric last label is an IPv4 address
}

/** Whether `domain` is `parent` or a name below it; both canonical. */
export function isAtOrBelow(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}

/** The URL standard drops tabs and soft hyphens, cuts at `/`, decodes `%6d` and maps wide letters; mail programs do not. */
function spells(input: string, ascii: string): boolean {
  const lowered = input.toLowerCase();
  return lowered === ascii || lowered.normalize('NFC') === domainToUnicode(ascii);
}
