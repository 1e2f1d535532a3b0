// What the local DNS server says to a question: the records the operator asks domain owners to publish, exactly as they
// stand in the RelayDomains' status, and the receiving server as mail exchanger of every other name. Pure.
import type { Answer, Question } from 'dns-packet';

/** One record as RelayDomain.status.dns.records has it. */
export type PublishedRecord = { readonly name: string; readonly type: string; readonly value: string };

export type Zone = {
  readonly published: readonly PublishedRecord[];
  /** Absent when no receiving server runs: then nobody is a mail exchanger. */
  readonly receiver?: { readonly host: string; readonly address: string };
};

export type ZoneAnswer = {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly Answer[];
};

const ttl = 5; // seconds: the records follow live edits

/** Ordered rules; the first that has something to say decides. */
export function answerFrom(zone: Zone, { name, type }: Question): ZoneAnswer {
  const asked = canonical(name);
  const found = (data: unknown[]): ZoneAnswer => ({
    rcode: 'NOERROR',
    answers: data.map((value) => ({ name, type, class: 'IN', ttl, data: value })),
  });
  const here = zone.published.filter((record) => canonical(record.name) === asked);
  const published = here.filter((record) => record.type === type);
  if (published.length > 0) return found(published.map(dataOf));
  if (asked === 'localhost') return found(type === 'A' ? ['127.0.0.1'] : []); // RFC 6761 §6.3
  if (asked === 'invalid' || asked.endsWith('.invalid')) return { rcode: 'NXDOMAIN', answers: [] }; // RFC 6761 §6.4
  if (asked === zone.receiver?.host) return found(type === 'A' ? [zone.receiver.address] : []);
  if (here.length > 0) return found(type === 'MX' ? exchanger(zone) : []);
  // Names with an underscore (RFC 8552) exist only where published: no key, no policy.
  if (asked.split('.').some((label) => label.startsWith('_'))) return { rcode: 'NXDOMAIN', answers: [] };
  return found(type === 'MX' ? exchanger(zone) : []);
}

function exchanger({ receiver }: Zone): unknown[] {
  return receiver === undefined ? [] : [{ preference: 10, exchange: receiver.host }];
}

function dataOf({ type, value }: PublishedRecord): unknown {
  if (type !== 'TXT') return value;
  return value.match(/.{1,255}/gs) ?? ['']; // RFC 1035 §3.3.14: strings of at most 255 octets
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
