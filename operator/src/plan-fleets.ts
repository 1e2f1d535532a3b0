// What the plan says fleet by fleet: which NATS to talk to, which snapshot its bucket should hold, how far its nodes got.
// Composes reconcile/ and snapshot/; a fleet that lacks its keys, or both an account and an open connection, publishes nothing
// and says why. A fleet that was deleted publishes once more: that it is.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { WantedConnection, WantedDrain, WantedSnapshot } from './plan.ts';
import { ownedRef } from './owned-secrets.ts';
import { notedGeneration } from './reconcile/fleet-keys.ts';
import { listenerHost } from './reconcile/listener-certificate.ts';
import { bytes, milliseconds } from './quantities.ts';
import type { Refusal, ResolvedDomain, ResolvedFleet, ResolvedPlatform } from './reconcile/resolved.ts';
import { isLeaving, type WorldIndex } from './reconcile/world-index.ts';
import { buildSnapshot, withdrawnSnapshot } from './snapshot/build.ts';
import { digestEntries, digestWhole } from './snapshot/entries.ts';
import { withoutRevoked } from './snapshot/in-force.ts';
import { fleetPolicy } from './snapshot/fleet-policy.ts';
import { fleetProgress, type FleetProgress } from './snapshot/programmed.ts';

/** Everything resolved, each list sorted by `namespace/name`. */
export type Resolution = {
  readonly index: WorldIndex;
  readonly fleets: readonly ResolvedFleet[];
  /** Deleted, but not let go yet. */
  readonly leaving: readonly ResolvedFleet[];
  readonly domains: readonly ResolvedDomain[];
  readonly platforms: readonly ResolvedPlatform[];
};

/** `drains`: by fleet, `namespace/name`. */
export function planConnections(
  fleets: readonly ResolvedFleet[],
  drains: ReadonlyMap<string, readonly WantedDrain[]>,
): readonly WantedConnection[] {
  return fleets.flatMap(({ ref, object: { spec }, refusal, nats }) => {
    if (refusal !== undefined) return [];
    return {
      fleet: ref,
      account: nats && { url: nats.url, ...nats.operator, ...(nats.ca !== undefined && { ca: nats.ca }) },
      sizing: {
        replicas: spec.nats.replicas,
        storageBytes: bytes(spec.nats.storage),
        eventRetentionMs: milliseconds(spec.retention.events),
      },
      drains: drains.get(refKey(ref)) ?? [],
    };
  });
}

export function planSnapshots(resolution: Resolution): readonly WantedSnapshot[] {
  return [...resolution.fleets, ...resolution.leaving].flatMap((fleet) => planSnapshot(resolution, fleet) ?? []);
}

/** How far each fleet is with the snapshot it should have, by `namespace/name`. */
export function progressOf(
  { index, fleets, leaving }: Resolution,
  snapshots: readonly WantedSnapshot[],
): ReadonlyMap<string, FleetProgress> {
  const wanted = new Map(snapshots.map((snapshot) => [refKey(snapshot.fleet), snapshot]));
  const { observations, now } = index.world;
  return new Map(
    [...fleets, ...leaving].map((fleet) => {
      const key = refKey(fleet.ref);
      const subject = { ref: fleet.ref, blocked: blockedBy(index, fleet) };
      return [key, fleetProgress(subject, observations.get(key), wanted.get(key), now)];
    }),
  );
}

/** Highest generation this fleet is known to have used. */
export function generationFloor(index: WorldIndex, fleet: ResolvedFleet): number {
  const observation = index.world.observations.get(refKey(fleet.ref));
  return Math.max(
    fleet.object.status?.config?.generation ?? 0,
    notedGeneration(index.secret(ownedRef(fleet.object, 'keys'))),
    observation?.published?.generation ?? 0,
    ...(observation?.acknowledgements ?? []).map(({ highestSeen }) => highestSeen),
  );
}

function planSnapshot({ index, domains, platforms }: Resolution, fleet: ResolvedFleet): WantedSnapshot | undefined {
  const { keys, object, ref } = fleet;
  if (keys === undefined || blockedBy(index, fleet) !== undefined) return undefined;
  const published = index.world.observations.get(refKey(ref))?.published?.content;
  const policy = fleetPolicy(fleet, listenerHost(object));
  const content = isLeaving(object)
    ? withdrawnSnapshot(policy, published)
    : buildSnapshot(fleet, policy, { domains, platforms }, published && withoutRevoked(published, index.secretExists));
  const entries = digestEntries(content);
  return {
    fleet: ref,
    fleetUid: object.metadata.uid,
    content,
    digest: digestWhole(entries),
    entries,
    seal: {
      fleetKey: { id: keys.fleetKey.id, key: Buffer.from(keys.fleetKey.key, 'base64') },
      operatorKey: keys.operatorKey,
    },
    generationFloor: generationFloor(index, fleet),
    keysSecret: ownedRef(object, 'keys'),
  };
}

/**
 * Why a fleet cannot publish. A Secret that only its listeners or nodes need does not stop it, and neither does the account that
 * cannot be read any more while a connection is there.
 */
function blockedBy(index: WorldIndex, { ref, refusal, nats, keys, problems }: ResolvedFleet): Refusal | undefined {
  if (refusal !== undefined) return refusal;
  const connected = nats !== undefined || index.world.observations.has(refKey(ref));
  if (connected && keys !== undefined) return undefined;
  return problems[0] ?? { reason: 'Pending', message: 'the fleet’s keys are being made' };
}
