// Which objects are held against their deletion, and which may go. Every fleet gets our finalizer, and a deleted one loses it when its
// withdrawal (plan-fleets.ts) is published and acknowledged, or cannot be in time. Every domain and platform that somebody accepts
// gets one, and a deleted one loses it when its mail has left (plan-drains.ts).
// https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { finalizerOf, type Release, type WantedFinalizer } from './plan.ts';
import type { Drain } from './plan-drains.ts';
import { generationFloor, type Resolution } from './plan-fleets.ts';
import type { Refusal, ResolvedDomain, ResolvedFleet, ResolvedPlatform } from './reconcile/resolved.ts';
import { behindPublished, readyNodes, wholeProgress, type FleetProgress } from './snapshot/programmed.ts';

/** A deletion waits this long for NATS and the nodes; without end it would hold up its namespace. Then nodes are to be stopped. */
const withdrawalBoundMs = 60_000;

export function planFinalizers(
  { index, fleets, leaving, domains, platforms }: Resolution,
  progresses: ReadonlyMap<string, FleetProgress>,
  drains: readonly Drain[],
): readonly WantedFinalizer[] {
  const members = [...domains, ...platforms].filter(({ bindings }) => bindings.some(({ refusal }) => !refusal));
  return [
    ...[...fleets, ...members].filter(isUnheld).map((object) => wanted(object, undefined)),
    ...leaving.flatMap((fleet) => {
      const progress = progresses.get(refKey(fleet.ref));
      if (generationFloor(index, fleet) === 0) return wanted(fleet, { how: 'NothingPublished' });
      const release = progress && releaseOf(progress, withdrawalEnds(fleet) <= index.world.now);
      return release ? wanted(fleet, release) : [];
    }),
    ...drains.flatMap(({ object, release }) => (release ? wanted(object, release) : [])),
  ];
}

type Held = ResolvedFleet | ResolvedDomain | ResolvedPlatform;

function isUnheld({ object: { kind, metadata } }: Held): boolean {
  return metadata.deletionTimestamp === undefined && metadata.finalizers?.includes(finalizerOf[kind]) !== true;
}

function wanted({ ref, object }: Held, release: Release | undefined): WantedFinalizer {
  return { kind: object.kind, ref, uid: object.metadata.uid, release };
}

/** When a deletion stops waiting, in milliseconds. */
export function withdrawalEnds({ object }: ResolvedFleet): number {
  return Date.parse(object.metadata.deletionTimestamp ?? '') + withdrawalBoundMs;
}

function releaseOf(progress: FleetProgress, overdue: boolean): Release | undefined {
  const withdrawn = isWithdrawn(progress);
  const obstacle = withdrawn ? untold(progress) : wholeProgress(progress);
  if (obstacle === undefined) return { how: 'Withdrawn' };
  // The clock may be wrong, or the operator was away for a while: what needs one moment more gets it.
  const { blocked, unreachable } = progress;
  const underWay =
    blocked === undefined && !withdrawn && (unreachable === undefined || unreachable.reason === 'Pending');
  return overdue && !underWay ? { how: 'GivenUp', problem: obstacle.message } : undefined;
}

/** Whether the bucket holds the withdrawal; where it cannot be published any more, a fleet suspended before will do. */
function isWithdrawn({ published, wanted }: FleetProgress): boolean {
  if (published === undefined) return false;
  return wanted === undefined ? published.content.fleet.suspended !== null : published.digest === wanted.digest;
}

/** Why a node may take mail although the bucket holds the withdrawal. */
function untold(progress: FleetProgress): Refusal | undefined {
  if (readyNodes(progress).length > 0) return behindPublished(progress);
  return progress.unreachable; // where no node is ready none takes mail, and one that becomes ready reads the bucket first
}
