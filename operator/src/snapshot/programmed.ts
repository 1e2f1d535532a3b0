// Whether every ready node obeys a given entry: the promise behind the condition Programmed.
// Evidence is what the bucket holds and what nodes acknowledged; a node not heard of for a while is not ready.
// Refuses to know objects: it judges entries of one fleet's snapshot by name and digest.
import { acknowledgementExpiryMs, type Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Refusal } from '../reconcile/resolved.ts';
import type { FleetObservation, PublishedSnapshot } from '../world.ts';

/** State of one fleet's nodes and bucket. */
export type FleetProgress = {
  readonly ref: ObjectRef;
  /** Why nothing is published at all. */
  readonly blocked: Refusal | undefined;
  readonly unreachable: Refusal | undefined;
  readonly published: PublishedSnapshot | undefined;
  /** Entries and digest that should be published. */
  readonly wanted: { readonly digest: string; readonly entries: ReadonlyMap<string, string> } | undefined;
  /** Nodes heard of lately, sorted by name. */
  readonly nodes: readonly Acknowledgement[];
  /** When the next of them is due to be forgotten, in milliseconds. */
  readonly forgetAt: number | undefined;
};

export function fleetProgress(
  fleet: { readonly ref: ObjectRef; readonly blocked: Refusal | undefined },
  observation: FleetObservation | undefined,
  wanted: FleetProgress['wanted'],
  now: number,
): FleetProgress {
  const nodes = (observation?.acknowledgements ?? [])
    .filter(({ at }) => now - at < acknowledgementExpiryMs)
    .toSorted((a, b) => (a.node < b.node ? -1 : 1));
  const oldest = nodes.reduce((earliest, { at }) => Math.min(earliest, at), now);
  return {
    ...fleet,
    unreachable: unreachable(fleet.ref, observation),
    published: observation?.published,
    wanted,
    nodes,
    forgetAt: nodes.length > 0 ? oldest + acknowledgementExpiryMs : undefined,
  };
}

export function readyNodes({ nodes }: FleetProgress): readonly Acknowledgement[] {
  return nodes.filter(({ ready }) => ready);
}

/** Why an entry is not in force on every ready node; undefined when it is. */
export function entryProgress(progress: FleetProgress, entry: string): Refusal | undefined {
  const { blocked, published, wanted } = progress;
  const version = published?.entries.get(entry);
  if (blocked !== undefined)
    return { ...blocked, message: `RelayFleet ${refKey(progress.ref)} publishes nothing: see its conditions` };
  if (readyNodes(progress).length === 0) return noReadyNodes(progress);
  if (version === undefined || version.digest !== wanted?.entries.get(entry)) return notPublished(progress);
  return waiting(progress, version.since);
}

/** The same for the whole snapshot, which is what the fleet itself reports. */
export function wholeProgress(progress: FleetProgress): Refusal | undefined {
  const { blocked, published, wanted, unreachable } = progress;
  if (blocked !== undefined) return blocked;
  if (unreachable !== undefined) return unreachable;
  if (readyNodes(progress).length === 0) return noReadyNodes(progress);
  if (published === undefined || published.digest !== wanted?.digest) return notPublished(progress);
  return behindPublished(progress);
}

/** Why not every ready node has what the bucket holds, whether that is what is wanted or not. */
export function behindPublished(progress: FleetProgress): Refusal | undefined {
  return progress.published && waiting(progress, progress.published.generation);
}

/**
 * Why some node may still act on another form of an entry than the wanted one, which may be none at all. Where no node is ready none
 * acts, and one that becomes ready reads the bucket first.
 */
export function notInForce(progress: FleetProgress, entry: string): Refusal | undefined {
  const { blocked, published, wanted, unreachable } = progress;
  if (blocked !== undefined) return blocked;
  if (unreachable !== undefined) return unreachable;
  const version = published?.entries.get(entry);
  if (published === undefined || version?.digest !== wanted?.entries.get(entry)) return notPublished(progress);
  return waiting(progress, version?.since ?? published.generation);
}

function unreachable(ref: ObjectRef, observation: FleetObservation | undefined): Refusal | undefined {
  if (observation === undefined)
    return { reason: 'Pending', message: `RelayFleet ${refKey(ref)}: connecting to its NATS` };
  if (observation.nats.ok) return undefined;
  const message = `NATS of RelayFleet ${refKey(ref)}: ${observation.nats.problem}; nodes keep the configuration they have`;
  return { reason: 'NATSUnreachable', message };
}

function noReadyNodes({ ref, nodes, unreachable }: FleetProgress): Refusal {
  if (unreachable !== undefined) return unreachable; // nodes are heard of through NATS
  const heard = nodes.length === 0 ? 'none was heard of lately' : `${nodes.length} heard of, none ready`;
  return {
    reason: 'NoReadyNodes',
    message: `RelayFleet ${refKey(ref)} has no ready relay node (${heard}): check that its nodes run and reach NATS`,
  };
}

function notPublished({ ref, unreachable }: FleetProgress): Refusal {
  return unreachable ?? { reason: 'Pending', message: `not published yet to RelayFleet ${refKey(ref)}` };
}

function waiting(progress: FleetProgress, generation: number): Refusal | undefined {
  const ready = readyNodes(progress);
  const behind = ready.filter((node) => node.generation < generation);
  if (behind.length === 0) return undefined;
  const refusing = behind.find(({ problems }) => problems.length > 0);
  const problem = refusing?.problems[0];
  if (refusing !== undefined && problem !== undefined)
    return {
      reason: 'RejectedByNode',
      message: `node ${refusing.node} of RelayFleet ${refKey(progress.ref)} refused generation ${generation} (${problem.reason}): ${problem.message}`,
    };
  const names = behind.map(({ node }) => node);
  const shown = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  return {
    reason: 'WaitingForNodes',
    message: `${ready.length - behind.length} of ${ready.length} ready nodes have generation ${generation}; waiting for ${shown}`,
  };
}
