// Snapshots for tests of a relay node: small and valid; what a test cares about it says, the rest is filled in here.
// `.test` is nobody's (RFC 6761 §6.2). The usual platform may use every address of the usual domain.
import { hashGenerated } from '@relayfleet/contract/secret-hash.ts';
import type {
  DomainPolicy,
  FleetPolicy,
  PlatformPolicy,
  Snapshot,
  SnapshotContent,
} from '@relayfleet/contract/snapshot.ts';

export const usualLogin = { username: 'orders.shop', password: 'correct-horse-battery-staple' } as const;

export function fleetPolicy(changes: Partial<FleetPolicy> = {}): FleetPolicy {
  return {
    ref: { namespace: 'relayfleet-system', name: 'default' },
    uid: 'fleet-uid',
    helloName: 'relay.fleet.test',
    suspended: null,
    tlsFloor: '1.2',
    limits: { maxMessageBytes: 1_000_000, maxRecipients: 100, maxConnections: 1000, connectionsPerDestination: 20 },
    retry: { maxAgeMs: 432_000_000 },
    allowedPrivateNetworks: ['127.0.0.0/8'],
    ...changes,
  };
}

export function domainPolicy(changes: Partial<DomainPolicy> = {}): DomainPolicy {
  return {
    ref: { namespace: 'shop', name: 'shop' },
    domain: 'shop.test',
    suspended: null,
    signers: [],
    tls: { mode: 'Require', floor: '1.2' },
    routes: [{ name: 'everything', recipientDomains: [], via: { kind: 'mx' } }],
    ...changes,
  };
}

export function platformPolicy(changes: Partial<PlatformPolicy> = {}): PlatformPolicy {
  return {
    ref: { namespace: 'shop', name: 'orders' },
    username: usualLogin.username,
    secrets: [hashGenerated(usualLogin.password, Buffer.alloc(16, 1))],
    suspended: null,
    lane: 'transactional',
    senders: [{ domain: 'shop.test', localParts: ['*'] }],
    ...changes,
  };
}

/** One fleet, one domain, one platform, unless said otherwise. */
export function snapshotContent(changes: Partial<SnapshotContent> = {}): SnapshotContent {
  return { fleet: fleetPolicy(), domains: [domainPolicy()], platforms: [platformPolicy()], ...changes };
}

/** The same as a node holds it. */
export function snapshotOf(changes: Partial<SnapshotContent> = {}, generation = 1): Snapshot {
  const { fleet, domains, platforms } = snapshotContent(changes);
  return {
    generation,
    fleet,
    domains: new Map(domains.map((domain) => [domain.domain, domain])),
    platforms: new Map(platforms.map((platform) => [platform.username, platform])),
  };
}
