// What the nodes of one fleet are told: its settings, the domains it accepts, the platforms bound to them.
// A domain is in it when fleet and domain agree and at least one key can sign; a suspended one is in it too, so that a node
// can answer rightly. What is being deleted is in it as draining, and so is a platform that was bound or had a password and has none
// any more: it takes nothing new, and rules what waits.
// What stays where a Secret cannot be read says in-force.ts; a binding is never taken from the past.
import type { SenderPlatformSpec } from '@relayfleet/contract/api/sender-platform.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { DomainPolicy, FleetPolicy, PlatformPolicy, SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import { milliseconds } from '../quantities.ts';
import type { ResolvedDomain, ResolvedFleet, ResolvedPlatform } from '../reconcile/resolved.ts';
import { credentialInForce, inForce } from './in-force.ts';

export type FleetMembers = {
  readonly domains: readonly ResolvedDomain[];
  readonly platforms: readonly ResolvedPlatform[];
};

/**
 * `policy` comes from the fleet's spec; `previous` is what may stay in force of what the bucket holds. Sorted, so that equal worlds give
 * equal content.
 */
export function buildSnapshot(
  fleet: ResolvedFleet,
  policy: FleetPolicy,
  members: FleetMembers,
  previous: SnapshotContent | undefined,
): SnapshotContent {
  const lastDomains = new Map(previous?.domains.map((domain) => [refKey(domain.ref), domain]));
  const lastPlatforms = new Map(previous?.platforms.map((platform) => [refKey(platform.ref), platform]));
  const domains = members.domains
    .filter((domain) => acceptedBy(domain, fleet) || staysInForce(domain, fleet, members.domains, previous))
    .flatMap((domain) => domainPolicy(domain, lastDomains.get(refKey(domain.ref))) ?? []);
  const carriage: Carriage = {
    domains: new Map(domains.map((domain) => [refKey(domain.ref), domain.domain])),
    maxAgeMs: policy.retry.maxAgeMs,
  };
  const platforms = members.platforms.flatMap(
    (platform) => platformPolicy(platform, carriage, lastPlatforms.get(refKey(platform.ref))) ?? [],
  );
  return {
    fleet: policy,
    domains: domains.toSorted(by((domain) => domain.domain)),
    platforms: platforms.toSorted(by((platform) => platform.username)),
  };
}

/** What the nodes of a deleted fleet are told last: what they hold, but that the fleet is suspended. */
export function withdrawnSnapshot(policy: FleetPolicy, previous: SnapshotContent | undefined): SnapshotContent {
  const { fleet, domains, platforms } = previous ?? { fleet: policy, domains: [], platforms: [] };
  return { fleet: { ...fleet, suspended: policy.suspended }, domains, platforms };
}

export function acceptedBy(domain: ResolvedDomain, fleet: ResolvedFleet): boolean {
  return domain.bindings.some(
    (binding) => binding.refusal === undefined && refKey(binding.fleet) === refKey(fleet.ref),
  );
}

/**
 * A domain that is being deleted goes on signing and routing what waits when the fleet lets it go meanwhile, or it the fleet; unless
 * another one holds its domain there by now.
 */
export function staysInForce(
  { leaving, ref, object: { spec } }: ResolvedDomain,
  fleet: ResolvedFleet,
  domains: readonly ResolvedDomain[],
  previous: SnapshotContent | undefined,
): boolean {
  const isIt = (last: DomainPolicy) => last.domain === spec.domain && refKey(last.ref) === refKey(ref);
  const wasInForce = leaving && previous?.domains.some(isIt) === true;
  const isHolder = (other: ResolvedDomain) => other.object.spec.domain === spec.domain && acceptedBy(other, fleet);
  return wasInForce && !domains.some(isHolder);
}

function domainPolicy(domain: ResolvedDomain, last: DomainPolicy | undefined): DomainPolicy | undefined {
  const isSuccessor = last?.draining === true && !domain.leaving; // the keys of its predecessor are not its own
  const sameDomain = last?.domain === domain.object.spec.domain && !isSuccessor ? last : undefined;
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
    ...(domain.leaving && { draining: true }),
  };
}

/** What the fleet does for platforms: the domains it carries, by `namespace/name`, and how long it lets mail wait. */
type Carriage = { readonly domains: ReadonlyMap<string, string>; readonly maxAgeMs: number };

/** Left out is only who never sent: were another one, its suspension and its retries would end before its mail does. */
function platformPolicy(
  platform: ResolvedPlatform,
  carriage: Carriage,
  last: PlatformPolicy | undefined,
): PlatformPolicy | undefined {
  const { ref, username, suspended, object } = platform;
  const senders = sendersOf(platform, carriage.domains);
  const credential = credentialInForce(platform, last?.draining ? undefined : last);
  const mayLogIn = senders.length > 0 && credential !== undefined;
  if (!mayLogIn && last === undefined && !mayHaveMailLeft(platform, carriage.domains)) return undefined;
  return {
    ref,
    username,
    ...(mayLogIn ? credential : { secrets: [] }),
    suspended,
    lane: object.spec.purpose === 'Bulk' ? 'bulk' : 'transactional',
    senders: mayLogIn ? senders : [],
    ...retryOf(object.spec, carriage.maxAgeMs),
    ...(!mayLogIn && { draining: true }),
  };
}

/** Known to no node, as far as is known: it, or a domain it names, is being deleted. */
function mayHaveMailLeft({ leaving, bindings }: ResolvedPlatform, carried: Carriage['domains']): boolean {
  return bindings.some(({ ref, domain }) => carried.has(refKey(ref)) && (leaving || domain?.leaving === true));
}

/** The fleet's owner has the last word on how long mail may stay. */
function retryOf({ retry }: SenderPlatformSpec, mostMs: number): Pick<PlatformPolicy, 'retry'> {
  if (retry === undefined) return {};
  const { maxAge, schedule } = retry;
  return {
    retry: {
      ...(maxAge !== undefined && { maxAgeMs: Math.min(milliseconds(maxAge), mostMs) }),
      ...(schedule !== undefined && { delaysMs: schedule.map(milliseconds) }),
    },
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

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : 1);
}
