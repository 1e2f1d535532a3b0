// Which addresses this fleet may connect to: public unicast, and private networks its owner listed.
// An MX record is anybody's to write; without this it would be a way to reach the cluster's own services.
// Asked about the very address that is connected to, so that DNS cannot change its mind in between.
import { isIP } from 'node:net';
import type { FleetPolicy } from '@relayfleet/contract/snapshot.ts';
import ipaddr from 'ipaddr.js';

export type AddressGuard = (address: string) => boolean;

/** `allowed` are CIDRs. An entry that is not one allows nothing. */
export function createAddressGuard(allowed: readonly string[]): AddressGuard {
  const networks = allowed.filter((cidr) => ipaddr.isValidCIDR(cidr)).map((cidr) => ipaddr.parseCIDR(cidr));
  return (address) => {
    // Strictly an address in text: `127.1`, `0x7f000001` or `2130706433` would be read as one by some libraries.
    if (isIP(address) === 0) return false;
    const plain = ipaddr.process(address); // ::ffff:10.0.0.1 is 10.0.0.1 on the wire
    if (plain.range() === 'unicast') return true;
    return networks.some(([network, bits]) => network.kind() === plain.kind() && plain.match(network, bits));
  };
}

/** A fleet's guard, made once for as long as that policy is in force. */
export function createGuards(): (fleet: FleetPolicy) => AddressGuard {
  const known = new WeakMap<FleetPolicy, AddressGuard>();
  return (fleet) => {
    const guard = known.get(fleet) ?? createAddressGuard(fleet.allowedPrivateNetworks);
    known.set(fleet, guard);
    return guard;
  };
}
