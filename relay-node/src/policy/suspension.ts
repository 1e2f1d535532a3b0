// Whether somebody stopped the mail of an entry: the fleet's, the domain's or the platform's owner. Such mail is kept, not sent.
// Refuses to know when it is looked at again.
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { PlatformPolicy, Snapshot } from '@relayfleet/contract/snapshot.ts';

type Owned = Pick<Envelope, 'domain' | 'platform'>;

/** A check that finds platforms by name; its index is made once per snapshot. A platform or domain that is gone holds nothing. */
export function createHoldCheck(): (snapshot: Snapshot, entry: Owned) => boolean {
  const indexes = new WeakMap<Snapshot, ReadonlyMap<string, PlatformPolicy>>();
  return (snapshot, { domain, platform }) => {
    const index = indexes.get(snapshot) ?? byName(snapshot);
    indexes.set(snapshot, index);
    const holders = [snapshot.fleet, snapshot.domains.get(domain), index.get(refKey(platform))];
    return holders.some((holder) => holder !== undefined && holder.suspended !== null);
  };
}

function byName({ platforms }: Snapshot): ReadonlyMap<string, PlatformPolicy> {
  return new Map([...platforms.values()].map((platform) => [refKey(platform.ref), platform]));
}
