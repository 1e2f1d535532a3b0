// What becomes of RelayDomains and SenderPlatforms that are being deleted: they are held by our finalizer until their queued mail
// has left, which takes as long as mail may wait at most; or until it was dropped; or not at all, as the word on them says.
// Where there is no fleet any more, nothing can leave and nothing is waited for.
// Refuses to count and to drop: what the queues hold is observed, and who may go is carried out elsewhere.
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Release, WantedDrain } from './plan.ts';
import { generationFloor, type Resolution } from './plan-fleets.ts';
import { onDeleteAnnotation, onDeleteOf } from './on-delete.ts';
import type { ResolvedDomain, ResolvedFleet, ResolvedPlatform } from './reconcile/resolved.ts';
import { acceptedBy, staysInForce } from './snapshot/build.ts';
import { domainEntry, drainingEntry } from './snapshot/entries.ts';
import { notInForce, type FleetProgress } from './snapshot/programmed.ts';
import { looksToBelieve, type DrainObservation } from './world.ts';

export type Drain = {
  readonly object: Leaving;
  /** By fleet, `namespace/name`: what is to be looked after there. */
  readonly wanted: ReadonlyMap<string, WantedDrain>;
  /** Entries known to be left; undefined while one of the fleets has not been looked at. */
  readonly queued: number | undefined;
  readonly release: Release | undefined;
  /** What it waits for and what can be done, in words for its status. */
  readonly message: string;
};

type Leaving = ResolvedDomain | ResolvedPlatform;

/** A fleet whose queue may hold mail of the object. */
type Share = {
  readonly fleet: ResolvedFleet;
  /** Why somebody might still take mail for it, or nobody knows. */
  readonly open: string | undefined;
  readonly seen: DrainObservation | undefined;
};

export function planDrains(resolution: Resolution, progresses: ReadonlyMap<string, FleetProgress>): readonly Drain[] {
  const leaving: readonly Leaving[] = [...resolution.domains, ...resolution.platforms].filter((each) => each.leaving);
  return leaving.map((object) => {
    const shares = fleetsOf(resolution, object).map((fleet) => shareOf(resolution, progresses, { fleet, object }));
    const counts = shares.map(({ seen }) => seen?.entries);
    const queued = counts.includes(undefined)
      ? undefined
      : counts.reduce((sum: number, count) => sum + (count ?? 0), 0);
    return {
      object,
      wanted: new Map(shares.map((share) => [refKey(share.fleet.ref), wantedDrain(object, share)])),
      queued,
      release: releaseOf(object, shares, queued),
      message: messageOf(resolution, { object, shares, queued }),
    };
  });
}

/** What each fleet's connection is to look after, by `namespace/name`. */
export function drainsByFleet(drains: readonly Drain[]): ReadonlyMap<string, readonly WantedDrain[]> {
  const all = drains.filter(({ release }) => release === undefined).flatMap(({ wanted }) => [...wanted]);
  const groups = Map.groupBy(all, ([fleet]) => fleet);
  return new Map([...groups].map(([fleet, items]) => [fleet, items.map(([, item]) => item)]));
}

/**
 * Fleets whose queue may hold its mail: those it is bound to, and those whose nodes know it, whatever was edited since. Where there is
 * none of these, all of which it is not known what their nodes know.
 */
function fleetsOf({ index, fleets, domains }: Resolution, object: Leaving): readonly ResolvedFleet[] {
  const accepting = isPlatform(object) ? object.bindings.flatMap(({ domain }) => domain ?? []) : [object];
  const ever = fleets.filter((fleet) => fleet.refusal === undefined && generationFloor(index, fleet) > 0);
  const told = (fleet: ResolvedFleet) => index.world.observations.get(refKey(fleet.ref))?.published?.content;
  const known = ever.filter((fleet) => {
    const isAccepted = accepting.some((domain) => acceptedBy(domain, fleet));
    if (!isPlatform(object)) return isAccepted || staysInForce(object, fleet, domains, told(fleet));
    return isAccepted || told(fleet)?.platforms.some(({ ref }) => refKey(ref) === refKey(object.ref)) === true;
  });
  return known.length > 0 ? known : ever.filter((fleet) => told(fleet) === undefined);
}

function shareOf(
  { index }: Resolution,
  progresses: ReadonlyMap<string, FleetProgress>,
  { fleet, object }: { readonly fleet: ResolvedFleet; readonly object: Leaving },
): Share {
  const key = refKey(fleet.ref);
  const progress = progresses.get(key);
  const entry = isPlatform(object) ? drainingEntry(object.username) : domainEntry(object.object.spec.domain);
  const seen = index.world.observations.get(key)?.drains?.get(object.object.metadata.uid);
  return { fleet, open: progress && notInForce(progress, entry)?.message, seen };
}

function wantedDrain(object: Leaving, { open }: Share): WantedDrain {
  const { kind, metadata } = object.object;
  return {
    kind,
    uid: metadata.uid,
    filter: isPlatform(object) ? { platform: object.ref } : { domain: object.object.spec.domain },
    closed: open === undefined,
    drop: onDeleteOf(object.object) === 'drop',
  };
}

function releaseOf({ object }: Leaving, shares: readonly Share[], queued: number | undefined): Release | undefined {
  const word = onDeleteOf(object);
  if (shares.length === 0) return { how: 'NoFleet' };
  const isEmpty = ({ open, seen }: Share) => open === undefined && (seen?.emptyLooks ?? 0) >= looksToBelieve;
  if (shares.every(isEmpty)) return { how: word === 'drop' ? 'Dropped' : 'Drained' };
  if (word !== 'abandon') return undefined;
  const problem = `${queued ?? 'an unknown number of'} queue entries of its mail are left`;
  return { how: 'Abandoned', problem, entries: queued };
}

type Case = { readonly object: Leaving; readonly shares: readonly Share[]; readonly queued: number | undefined };

/** Said while it is held: the obstacle first, then the way out. */
function messageOf(resolution: Resolution, { object, shares, queued }: Case): string {
  const left = `being deleted; ${queued ?? 'an unknown number of'} queue entries of its mail are left`;
  const obstacle = shares.find(({ open, seen }) => open !== undefined || seen === undefined);
  if (obstacle !== undefined) {
    const why = obstacle.open ?? `RelayFleet ${refKey(obstacle.fleet.ref)}: its queue is being looked at`;
    const loss = isPlatform(object) ? 'by the settings of its fleet' : 'without its keys';
    return `${left}; ${why}. ${annotate(object, 'abandon')} lets it go now and leaves its mail queued, ${loss}`;
  }
  if (onDeleteOf(object.object) === 'drop') return `${left} and are being dropped, as its annotation says`;
  const holder = suspensionOver(resolution, object);
  const fate =
    holder === undefined
      ? `each is delivered, or returned at the age that retry.maxAge says; what an order holds waits until it is released`
      : `they are held because ${holder} is suspended: end that to have them delivered`;
  return `${left}: ${fate}. ${annotate(object, 'drop')} drops them`;
}

function annotate({ object: { kind, metadata } }: Leaving, word: 'drop' | 'abandon'): string {
  const { namespace, name } = metadata;
  return `kubectl annotate -n ${namespace} ${kind.toLowerCase()}/${name} ${onDeleteAnnotation}=${word}`;
}

/** Who holds its mail: a fleet, the domain or platform itself, or one that is bound to it. */
function suspensionOver(resolution: Resolution, object: Leaving): string | undefined {
  const fleets = fleetsOf(resolution, object).map(({ ref, suspended }) => named('RelayFleet', ref, suspended));
  const own = named(object.object.kind, object.ref, object.suspended);
  const others = isPlatform(object)
    ? object.bindings.flatMap(({ domain }) => (domain ? [named('RelayDomain', domain.ref, domain.suspended)] : []))
    : resolution.platforms
        .filter(({ bindings }) => bindings.some(({ domain }) => domain === object))
        .map(({ ref, suspended }) => named('SenderPlatform', ref, suspended));
  return [own, ...fleets, ...others].find((name) => name !== undefined);
}

function named(kind: string, ref: ObjectRef, suspended: Leaving['suspended']): string | undefined {
  return suspended === null ? undefined : `${kind} ${refKey(ref)}`;
}

function isPlatform(object: Leaving): object is ResolvedPlatform {
  return object.object.kind === 'SenderPlatform';
}
