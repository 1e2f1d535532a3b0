// What the nodes of one fleet are told: its settings, the domains it accepts, the platforms bound to them.
// A domain is in it when fleet and domain agree and at least one key can sign; a suspended one is in it too, so that a node
// can answer rightly. Where a Secret is damaged the last good value stays, but a binding is never taken from the past.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type {
  DomainPolicy,
  FleetPolicy,
  PlatformPolicy,
  SecretHash,
  SnapshotContent,
} from '@relayfleet/contract/snapshot.ts';
import type { Resolved, ResolvedDomain, ResolvedFleet, ResolvedPlatform } from '../reconcile/resolved.ts';

export type FleetMembers = {
  readonly domains: readonly ResolvedDomain[];
  readonly platforms: readonly ResolvedPlatform[];
};

/** `policy` comes from the fleet's spec; `previous` is what the bucket holds. Sorted, so that equal worlds give equal content. */
export function buildSnapshot(
  fleet: ResolvedFleet,
  policy: FleetPolicy,
  members: FleetMembers,
  previous: SnapshotContent | undefined,
): SnapshotContent {
  const lastDomains = new Map(previous?.domains.map((domain) => [refKey(domain.ref), domain]));
  const lastPlatforms = new Map(previous?.platforms.map((platform) => [refKey(platform.ref), platform]));
  const domains = members.domains
    .filter((domain) => acceptedBy(domain, fleet))
    .flatMap((domain) => domainPolicy(domain, lastDomains.get(refKey(domain.ref))) ?? []);
  const carried = new Map(domains.map((domain) => [refKey(domain.ref), domain.domain]));
  const platforms = members.platforms.flatMap(
    (platform) => platformPolicy(platform, carried, lastPlatforms.get(refKey(platform.ref))) ?? [],
  );
  return {
    fleet: policy,
    domains: domains.toSorted(by((domain) => domain.domain)),
    platforms: platforms.toSorted(by((platform) => platform.username)),
  };
}

export function acceptedBy(domain: ResolvedDomain, fleet: ResolvedFleet): boolean {
  return domain.bindings.some(
    (binding) => binding.refusal === undefined && refKey(binding.fleet) === refKey(fleet.ref),
  );
}

function domainPolicy(domain: ResolvedDomain, last: DomainPolicy | undefined): DomainPolicy | undefined {
  const sameDomain = last?.domain === domain.object.spec.domain ? last : undefined;
  const signers = inForce(domain.signers, sameDomain?.signers);
  const routes = inForce(domain.routes, sameDomain?.routes);
  if (signers === undefined || signers.length === 0 || routes === undefined) return undefined;
  const { mode, minVersion } = domain.object.spec.tls;
  return {
    ref: domain.ref,
    domain: domain.object.spec.domain,
    suspended: domain.suspended,
    signers: [...signers],
    tls: { mode, floor: minVersion },
    routes: [...routes],
  };
}

function platformPolicy(
  platform: ResolvedPlatform,
  carried: ReadonlyMap<string, string>,
  last: PlatformPolicy | undefined,
): PlatformPolicy | undefined {
  const senders = sendersOf(platform, carried);
  const known = platform.secret.state === 'usable' ? [platform.secret.value.hash] : undefined;
  const secrets: readonly SecretHash[] | undefined = known ?? (keepsLast(platform.secret) ? last?.secrets : undefined);
  if (senders.length === 0 || secrets === undefined) return undefined;
  return {
    ref: platform.ref,
    username: platform.username,
    secrets: [...secrets],
    suspended: platform.suspended,
    lane: platform.object.spec.purpose === 'Bulk' ? 'bulk' : 'transactional',
    senders,
  };
}

/** Of the domains both sides agree on, those this fleet carries. */
function sendersOf(platform: ResolvedPlatform, carried: ReadonlyMap<string, string>): PlatformPolicy['senders'] {
  return platform.bindings
    .flatMap(({ ref, refusal, from }) => {
      const domain = carried.get(refKey(ref));
      return refusal !== undefined || domain === undefined ? [] : [{ domain, localParts: [...from].toSorted() }];
    })
    .toSorted(by(({ domain }) => domain));
}

function inForce<T>(resolved: Resolved<T>, last: T | undefined): T | undefined {
  if (resolved.state === 'usable') return resolved.value;
  return keepsLast(resolved) ? last : undefined;
}

/** What was taken away is gone at once; what is damaged or being made must not stop the mail. */
function keepsLast(resolved: Resolved<unknown>): boolean {
  return resolved.state === 'damaged' || resolved.state === 'pending';
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : 1);
}
