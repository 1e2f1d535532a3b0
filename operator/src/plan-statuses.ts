// The status of every object: what was resolved, where it is in force, whom it can be used by.
// Composes status/ with the facts of all fleets; the sentences and conditions themselves are made there.
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { dnsRecords } from './desired/dns-records.ts';
import { ownedRef, secretText } from './owned-secrets.ts';
import type { WantedFinalizer, WantedSecret, WantedSnapshot, WantedStatus } from './plan.ts';
import type { Drain } from './plan-drains.ts';
import { generationFloor, type Resolution } from './plan-fleets.ts';
import type { ResolvedDomain, ResolvedFleet, ResolvedPlatform } from './reconcile/resolved.ts';
import { acceptedBy } from './snapshot/build.ts';
import { domainEntry, platformEntry } from './snapshot/entries.ts';
import {
  domainBindingProgress,
  domainProgress,
  fleetBindingProgress,
  platformProgress,
} from './snapshot/object-progress.ts';
import { wholeProgress, type FleetProgress } from './snapshot/programmed.ts';
import { invalidConditions, type StatusContext } from './status/object-conditions.ts';
import { relayDomainStatus } from './status/relay-domain.ts';
import { relayFleetStatus } from './status/relay-fleet.ts';
import { senderPlatformStatus } from './status/sender-platform.ts';
import type { InvalidObject, Kind } from './world.ts';

export type Outcome = {
  readonly snapshots: readonly WantedSnapshot[];
  readonly secrets: readonly WantedSecret[];
  readonly progresses: ReadonlyMap<string, FleetProgress>;
  readonly finalizers: readonly WantedFinalizer[];
  readonly drains: readonly Drain[];
};

/** What the statuses of all objects are made from. */
type Facts = Resolution &
  Outcome & {
    readonly fleetsByRef: ReadonlyMap<string, ResolvedFleet>;
    readonly platformsOf: ReadonlyMap<string, number>;
    readonly wantedSecrets: ReadonlySet<string>;
    readonly invalidByKey: ReadonlyMap<string, InvalidObject>;
    /** By uid. */
    readonly drainsByObject: ReadonlyMap<string, Drain>;
  };

export function planStatuses(resolution: Resolution, outcome: Outcome): readonly WantedStatus[] {
  const facts = collect(resolution, outcome);
  const { fleets, leaving, domains, platforms } = staying(resolution, outcome);
  return [
    ...[...fleets, ...leaving].flatMap((fleet) =>
      settled(facts, fleet, [fleet.ref]) ? fleetStatus(facts, fleet) : [],
    ),
    ...domains.flatMap((domain) =>
      settled(facts, domain, acceptingFleets(domain)) ? domainStatus(facts, domain) : [],
    ),
    ...platforms.flatMap((platform) =>
      settled(facts, platform, boundDomains(platform).flatMap(acceptingFleets)) ? platformStatus(facts, platform) : [],
    ),
    ...facts.index.world.invalid
      .filter((invalid) => !hasGoodForm(facts, invalid))
      .map((invalid) => invalidStatus(facts, invalid)),
  ];
}

function fleetStatus(facts: Facts, fleet: ResolvedFleet): WantedStatus {
  const progress = facts.progresses.get(refKey(fleet.ref));
  const domains = facts.domains.filter((domain) => !domain.leaving && acceptedBy(domain, fleet));
  const members = new Set(domains.map(({ ref }) => refKey(ref)));
  const platforms = facts.platforms.filter(({ bindings }) =>
    bindings.some(({ ref, refusal }) => refusal === undefined && members.has(refKey(ref))),
  );
  const status = relayFleetStatus(
    fleet,
    {
      programmed: progress && wholeProgress(progress),
      published: progress?.published,
      generationFloor: generationFloor(facts.index, fleet),
      nodes: progress?.nodes ?? [],
      attachedDomains: domains.length,
      attachedPlatforms: platforms.length,
    },
    context(facts, 'RelayFleet', fleet.ref),
  );
  return { kind: 'RelayFleet', ref: fleet.ref, status };
}

function domainStatus(facts: Facts, domain: ResolvedDomain): WantedStatus {
  const { ref, object, keys, bindings } = domain;
  const { progresses, index } = facts;
  const name = object.spec.domain;
  const fleets = acceptingFleets(domain).flatMap((fleet) => facts.fleetsByRef.get(refKey(fleet)) ?? []);
  const addresses = fleets.flatMap((fleet) => fleet.object.spec.egress.addresses ?? []);
  const status = relayDomainStatus(
    domain,
    {
      programmed: domainProgress(domain, progresses),
      programmedOn: new Map(bindings.map((b) => [refKey(b.fleet), fleetBindingProgress(domain, b, progresses)])),
      suspendedFleet: fleets.find(({ suspended }) => suspended !== null)?.ref,
      carried: isCarried(facts, acceptingFleets(domain), domainEntry(name)),
      records: dnsRecords(name, keys, addresses, index.world.dns.get(name)),
      attachedPlatforms: facts.platformsOf.get(refKey(ref)) ?? 0,
      nodes: fleets.flatMap((fleet) => progresses.get(refKey(fleet.ref))?.nodes ?? []),
      drain: facts.drainsByObject.get(object.metadata.uid),
    },
    context(facts, 'RelayDomain', ref),
  );
  return { kind: 'RelayDomain', ref, status };
}

function platformStatus(facts: Facts, platform: ResolvedPlatform): WantedStatus {
  const { ref, bindings } = platform;
  const { progresses } = facts;
  const fleets = boundDomains(platform).flatMap(acceptingFleets);
  const status = senderPlatformStatus(
    platform,
    {
      programmed: platformProgress(platform, progresses),
      programmedOn: new Map(bindings.map((b) => [refKey(b.ref), domainBindingProgress(platform, b, progresses)])),
      suspendedBy: suspendedBy(facts, platform),
      carried: isCarried(facts, fleets, platformEntry(platform.username)),
      binding: bindingName(facts, platform),
      fleets: fleets.flatMap((fleet) => facts.fleetsByRef.get(refKey(fleet))?.object ?? []),
      drain: facts.drainsByObject.get(platform.object.metadata.uid),
    },
    context(facts, 'SenderPlatform', ref),
  );
  return { kind: 'SenderPlatform', ref, status };
}

function invalidStatus({ index }: Facts, invalid: InvalidObject): WantedStatus {
  return { kind: invalid.kind, ref: invalid.ref, status: invalidConditions(invalid, index.world.now) };
}

/** What may go now has no use for a status. */
function staying({ fleets, leaving, domains, platforms }: Resolution, { finalizers }: Outcome) {
  const released = new Set(finalizers.filter(({ release }) => release).map(({ uid }) => uid));
  const stays = ({ object }: ResolvedFleet | ResolvedDomain | ResolvedPlatform) => !released.has(object.metadata.uid);
  return {
    fleets,
    leaving: leaving.filter(stays),
    domains: domains.filter(stays),
    platforms: platforms.filter(stays),
  };
}

function suspendedBy(facts: Facts, platform: ResolvedPlatform): { kind: Kind; ref: ObjectRef } | undefined {
  for (const domain of boundDomains(platform)) {
    if (domain.suspended !== null) return { kind: 'RelayDomain', ref: domain.ref };
    const fleet = acceptingFleets(domain).find((ref) => facts.fleetsByRef.get(refKey(ref))?.suspended != null);
    if (fleet !== undefined) return { kind: 'RelayFleet', ref: fleet };
  }
  return undefined;
}

/** Shown once the Secret is complete, and for as long as somebody accepts the platform. */
function bindingName({ wantedSecrets, index }: Facts, platform: ResolvedPlatform): string | undefined {
  const ref = ownedRef(platform.object, 'binding');
  const existing = index.secret(ref);
  const kept = existing !== undefined && secretText(existing, 'uri') !== undefined && boundDomains(platform).length > 0;
  return kept || wantedSecrets.has(refKey(ref)) ? ref.name : undefined;
}

function isCarried({ snapshots }: Facts, fleets: readonly ObjectRef[], entry: string): boolean {
  return snapshots.some(
    ({ fleet, entries }) => entries.has(entry) && fleets.some((ref) => refKey(ref) === refKey(fleet)),
  );
}

/** False while the object hangs on a fleet nobody has looked at since the start and has a status for its present form. */
function settled(
  { index, progresses }: Facts,
  { object }: ResolvedFleet | ResolvedDomain | ResolvedPlatform,
  fleets: readonly ObjectRef[],
): boolean {
  if (object.status?.observedGeneration !== object.metadata.generation) return true;
  return !fleets.some((ref) => {
    const progress = progresses.get(refKey(ref));
    return progress !== undefined && progress.blocked === undefined && !index.world.observations.has(refKey(ref));
  });
}

function acceptingFleets(domain: ResolvedDomain): readonly ObjectRef[] {
  return domain.bindings.flatMap(({ fleet, refusal }) => (refusal === undefined ? fleet : []));
}

function boundDomains(platform: ResolvedPlatform): readonly ResolvedDomain[] {
  return platform.bindings.flatMap(({ domain, refusal }) => (domain && refusal === undefined ? domain : []));
}

function hasGoodForm({ fleets, domains, platforms }: Facts, { kind, ref }: InvalidObject): boolean {
  const lists = { RelayFleet: fleets, RelayDomain: domains, SenderPlatform: platforms };
  return lists[kind].some((object) => refKey(object.ref) === refKey(ref));
}

function context({ index, invalidByKey }: Facts, kind: Kind, ref: ObjectRef): StatusContext {
  return { now: index.world.now, invalid: invalidByKey.get(`${kind} ${refKey(ref)}`) };
}

function collect(resolution: Resolution, outcome: Outcome): Facts {
  const platformsOf = new Map<string, number>();
  for (const domain of resolution.platforms.flatMap(boundDomains))
    platformsOf.set(refKey(domain.ref), (platformsOf.get(refKey(domain.ref)) ?? 0) + 1);
  return {
    ...resolution,
    ...outcome,
    fleetsByRef: new Map(resolution.fleets.map((fleet) => [refKey(fleet.ref), fleet])),
    platformsOf,
    wantedSecrets: new Set(outcome.secrets.map(({ ref }) => refKey(ref))),
    drainsByObject: new Map(outcome.drains.map((drain) => [drain.object.object.metadata.uid, drain])),
    invalidByKey: new Map(resolution.index.world.invalid.map((item) => [`${item.kind} ${refKey(item.ref)}`, item])),
  };
}
