// Which client addresses count as one, and how much one of them may have. Counts are shared by all listeners of a node.
// A host gets a /64 of IPv6 and can use every address in it (RFC 4291 §2.5.1), so a whole /64 counts as one.
import { isIPv4 } from 'node:net';

/** The group of an address as a socket tells it; IPv4 inside IPv6 (RFC 4291 §2.5.5.2) is IPv4. */
export function addressGroup(address: string): string {
  const [plain = ''] = address.split('%'); // without the zone
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (embedded !== undefined || !plain.includes(':') || isIPv4(plain)) return embedded ?? plain;
  const [head = '', tail] = plain.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  if (tail !== undefined)
    groups.push(...Array<string>(Math.max(0, 8 - groups.length - after.length)).fill('0'), ...after);
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/**
 * Connections one group may have: half of all, so that whoever takes them leaves as many to others. Not less, since a load balancer
 * may put one address in front of many clients.
 */
export function mostOfOneAddress(maxConnections: number): number {
  return Math.max(1, Math.ceil(maxConnections / 2));
}

export type Tally = {
  /** How many there are now, with this one. */
  add(key: string): number;
  remove(key: string): void;
  of(key: string): number;
};

/** Counts by key; a key nobody holds takes no memory. */
export function createTally(): Tally {
  const counts = new Map<string, number>();
  const of = (key: string) => counts.get(key) ?? 0;
  return {
    of,
    add(key) {
      counts.set(key, of(key) + 1);
      return of(key);
    },
    remove(key) {
      if (of(key) > 1) counts.set(key, of(key) - 1);
      else counts.delete(key);
    },
  };
}
