// Whether a fleet is as its manifests want it: enough ready nodes, and every object that may take part acknowledged by all
// of them. What stands against it is said in the words of the conditions. Pure.
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { conditionOf, conditionWords, label, refOf, type Resource } from '../resource.ts';

/** What is still to come, in words; empty when everything that can be programmed is. */
export function awaited(resources: readonly Resource[], fleet: ObjectRef, nodes: number): readonly string[] {
  const own = resources.find(({ kind, metadata }) => kind === 'RelayFleet' && refKey(metadata) === refKey(fleet));
  const waiting = new Map<string, string>(); // words -> who; what stands against the fleet is not said again for each domain
  for (const resource of resources) {
    const { kind, words } = standingOf(resource);
    if (kind === 'waits' && !waiting.has(words)) waiting.set(words, label(resource));
  }
  return [...fleetProblem(own, fleet, nodes), ...[...waiting].map(([words, who]) => `${who}  ${words}`)];
}

/** How an object stands once nothing is awaited any more. */
export function inForceWords(resource: Resource): string {
  const { kind, words } = standingOf(resource);
  return `${label(resource).padEnd(42)}${kind === 'programmed' ? 'in force' : words}`;
}

function fleetProblem(own: Resource | undefined, fleet: ObjectRef, nodes: number): string[] {
  if (own?.kind !== 'RelayFleet') return [`RelayFleet ${refKey(fleet)}  not read yet`];
  const ready = own.status?.readyReplicas ?? 0;
  return ready < nodes ? [`RelayFleet ${refKey(refOf(own))}  ${ready} of ${nodes} nodes ready`] : [];
}

type Standing = { readonly kind: 'programmed' | 'waits' | 'left out'; readonly words: string };

/** Ordered rules; the first that fits decides. */
function standingOf(resource: Resource): Standing {
  for (const type of ['Accepted', 'ResolvedRefs'] as const) {
    const condition = conditionOf(resource, type);
    if (condition?.status === 'False') return { kind: 'left out', words: conditionWords(condition) };
  }
  const ready = conditionOf(resource, 'Ready');
  if (ready?.reason === 'Suspended') return { kind: 'left out', words: conditionWords(ready) };
  const condition = conditionOf(resource, 'Programmed');
  if (condition === undefined) return { kind: 'waits', words: 'no conditions yet' };
  const current =
    condition.observedGeneration === undefined || condition.observedGeneration === resource.metadata.generation;
  if (condition.status === 'True')
    return current ? { kind: 'programmed', words: '' } : { kind: 'waits', words: 'edited; not programmed yet' };
  return { kind: 'waits', words: conditionWords(condition) };
}
