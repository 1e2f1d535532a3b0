// The status of a RelayFleet: its nodes, the configuration published to them, and what stands against it.
// `config.generation` only grows: it is the high-water mark a lost bucket restarts above.
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import type { RelayFleetStatus } from '@relayfleet/contract/api/relay-fleet.ts';
import type { Refusal, ResolvedFleet } from '../reconcile/resolved.ts';
import type { PublishedSnapshot } from '../world.ts';
import { timestamp, unresolved } from './conditions.ts';
import { objectConditions, type StatusContext } from './object-conditions.ts';

export type FleetFacts = {
  readonly programmed: Refusal | undefined;
  readonly published: PublishedSnapshot | undefined;
  /** Highest generation ever given out, as far as known. */
  readonly generationFloor: number;
  readonly nodes: readonly Acknowledgement[];
  readonly attachedDomains: number;
  readonly attachedPlatforms: number;
};

const mostNodes = 64; // as the schema allows

export function relayFleetStatus(fleet: ResolvedFleet, facts: FleetFacts, context: StatusContext): RelayFleetStatus {
  const { published, nodes } = facts;
  const ready = nodes.filter((node) => node.ready);
  const generation = Math.max(facts.generationFloor, published?.generation ?? 0);
  return {
    ...objectConditions(fleet.object, findings(fleet, facts, ready.length), context),
    replicas: nodes.length,
    readyReplicas: ready.length,
    selector: `app.kubernetes.io/name=relayfleet-node,relayfleet.io/fleet=${fleet.ref.name}`,
    attachedDomains: facts.attachedDomains,
    attachedPlatforms: facts.attachedPlatforms,
    ...(generation > 0 && {
      config: {
        generation,
        acknowledged: ready.filter((node) => node.generation >= (published?.generation ?? Infinity)).length,
        ...(published && { digest: published.digest, published: timestamp(published.at) }),
      },
    }),
    nodes: nodes
      .slice(0, mostNodes)
      .map((node) => ({ name: node.node, generation: node.generation, ready: node.ready })),
  };
}

function findings(fleet: ResolvedFleet, { programmed, published }: FleetFacts, ready: number) {
  const suspended: Refusal | undefined = fleet.suspended
    ? { reason: 'Suspended', message: fleet.suspended.reason }
    : undefined;
  return {
    accepted: fleet.refusal,
    resolved: unresolved(fleet.problems, published !== undefined),
    programmed,
    suspended,
    good: {
      accepted: 'Nothing stands against the fleet.',
      programmed: `${ready} of ${ready} ready nodes have generation ${published?.generation ?? 0}.`,
      ready: 'Mail is accepted and delivered.',
    },
  };
}
