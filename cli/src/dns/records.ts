// The DNS records a domain's owner is asked to publish, as a table, as lines of a zone file (RFC 1035 §5), or for programs. Pure.
import type { RelayDomain, RelayDomainStatusDnsRecord } from '@relayfleet/contract/api/relay-domain.ts';
import { document } from '../output.ts';
import { table } from '../table.ts';

export const outputs = ['table', 'wide', 'zone', 'json', 'yaml'] as const;
export type Output = (typeof outputs)[number];

export function recordsText(domain: RelayDomain, output: Output): string {
  const records = domain.status?.dns?.records ?? [];
  switch (output) {
    case 'json':
    case 'yaml':
      return document({ domain: domain.spec.domain, records }, output);
    case 'zone':
      return records.map((record) => `${zoneLine(record)}\n`).join('');
    case 'table':
    case 'wide': // the table has it all
      return table(
        ['NAME', 'TYPE', 'PURPOSE', 'REQUIRED', 'SEEN IN DNS', 'VALUE'],
        records.map(({ name, type, purpose, required, state, value }) => [
          name,
          type,
          purpose,
          required ? 'yes' : 'advised',
          state,
          value,
        ]),
      );
  }
}

const ttlSeconds = 3600;

/** One record in one line, its text in strings of at most 255 octets. */
export function zoneLine({ name, type, value, purpose, required }: RelayDomainStatusDnsRecord): string {
  const data = type === 'TXT' ? (value.match(/.{1,255}/gs) ?? ['']).map(quoted).join(' ') : value;
  return `${name}. ${ttlSeconds} IN ${type} ${data} ; ${purpose}${required ? '' : ' (advised)'}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
