// The DNS records a domain's owner is asked to publish, and what the name servers say about each.
// DKIM (RFC 6376 §3.6.1, RFC 8463 §4.2), SPF (RFC 7208) where the fleets say where mail leaves from, DMARC (RFC 7489) as advice.
// Refuses to ask DNS itself: the answers are an input.
import type { RelayDomainStatusDnsRecord } from '@relayfleet/contract/api/relay-domain.ts';
import type { DomainKey } from '../reconcile/resolved.ts';
import type { DomainDns } from '../world.ts';

type Wanted = Omit<RelayDomainStatusDnsRecord, 'state' | 'type'> & {
  /** Whether a TXT record at the name is meant to be this one, and whether it does the work. */
  readonly isOne: (text: string) => boolean;
  readonly serves: (text: string) => boolean;
};

/** `addresses` are the egress addresses of the fleets that carry the domain; without any, SPF cannot be said. */
export function dnsRecords(
  domain: string,
  keys: readonly DomainKey[],
  addresses: readonly string[],
  observed: DomainDns | undefined,
): readonly RelayDomainStatusDnsRecord[] {
  const wanted = [
    ...keys.map((key) => dkimRecord(domain, key)),
    ...(addresses.length > 0 ? [spfRecord(domain, addresses)] : []),
    dmarcRecord(domain),
  ];
  return wanted.map(({ isOne, serves, ...record }) => ({
    ...record,
    type: 'TXT',
    state: stateOf({ isOne, serves }, observed?.txt.get(record.name)),
  }));
}

function dkimRecord(domain: string, { selector, keyType, publicKey }: DomainKey): Wanted {
  return {
    name: `${selector}._domainkey.${domain}`,
    value: `v=DKIM1; k=${keyType}; p=${publicKey}`,
    purpose: 'DKIM',
    required: true,
    isOne: () => true, // nothing else belongs at this name
    serves: (text) => {
      const tags = dkimTags(text);
      return (tags.get('k') ?? 'rsa') === keyType && tags.get('p') === publicKey;
    },
  };
}

function spfRecord(domain: string, addresses: readonly string[]): Wanted {
  const mechanisms = [...new Set(addresses)].toSorted().map((ip) => `${ip.includes(':') ? 'ip6' : 'ip4'}:${ip}`);
  return {
    name: domain,
    value: ['v=spf1', ...mechanisms, '~all'].join(' '),
    purpose: 'SPF',
    required: true,
    isOne: (text) => /^v=spf1( |$)/i.test(text), // RFC 7208 §4.5
    serves: (text) => {
      const terms = new Set(text.toLowerCase().split(/ +/));
      return mechanisms.every((mechanism) => terms.has(mechanism.toLowerCase()));
    },
  };
}

/** Whatever policy stands there is the owner's own; that there is one is all we advise. */
function dmarcRecord(domain: string): Wanted {
  const isOne = (text: string) => /^v=DMARC1\s*;/.test(text); // RFC 7489 §6.6.3
  return {
    name: `_dmarc.${domain}`,
    value: 'v=DMARC1; p=none',
    purpose: 'DMARC',
    required: false,
    isOne,
    serves: isOne,
  };
}

function stateOf(
  { isOne, serves }: Pick<Wanted, 'isOne' | 'serves'>,
  texts: readonly string[] | undefined,
): RelayDomainStatusDnsRecord['state'] {
  if (texts === undefined) return 'Unknown';
  const ours = texts.filter(isOne);
  if (ours.length === 0) return 'Missing';
  return ours.length === 1 && ours.every(serves) ? 'Ok' : 'Mismatch'; // two SPF or DKIM records are an error in each standard
}

/** RFC 6376 §3.2: `tag=value` lists; white space within a value of `p=` does not count. */
function dkimTags(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(';').map((tag) => {
      const end = tag.indexOf('=');
      return [tag.slice(0, Math.max(end, 0)).trim(), tag.slice(end + 1).replaceAll(/\s/g, '')] as const;
    }),
  );
}
