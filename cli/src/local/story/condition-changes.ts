// What changed between two looks at the statuses, as lines to print. Pure.
// A condition is news when its status or reason changed, or when it is not True and says something else now.
import type { Condition } from '@relayfleet/contract/conditions.ts';
import { conditionsOf, label, type Resource } from '../../resource.ts';

export function conditionChanges(before: readonly Resource[], after: readonly Resource[]): readonly string[] {
  const known = new Map(before.map((resource) => [label(resource), resource]));
  const now = new Set(after.map(label));
  const gone = [...known.keys()].filter((name) => !now.has(name)).map((name) => `${name}  removed`);
  return [...gone, ...after.flatMap((resource) => changesOf(resource, known.get(label(resource))))];
}

/** Conditions that changed alike are told together: `Programmed, Ready True -> False (NoReadyNodes): …` */
function changesOf(resource: Resource, before: Resource | undefined): string[] {
  const earlier = before === undefined ? [] : conditionsOf(before);
  const told = new Map<string, string[]>();
  for (const condition of conditionsOf(resource)) {
    const previous = earlier.find(({ type }) => type === condition.type);
    if (!(condition.type in conditionTypesTold) || !isNews(condition, previous)) continue;
    const words = describe(condition, previous);
    told.set(words, [...(told.get(words) ?? []), condition.type]);
  }
  return [...told].map(([words, types]) => `${label(resource)}  ${types.join(', ')} ${words}`);
}

/** Reconciling and Stalled only repeat what these say. */
const conditionTypesTold = { Accepted: true, ResolvedRefs: true, Programmed: true, Ready: true };

function isNews(condition: Condition, previous: Condition | undefined): boolean {
  if (previous === undefined) return condition.status !== 'True' || condition.type === 'Ready';
  if (condition.status !== previous.status || condition.reason !== previous.reason) return true;
  return condition.status !== 'True' && condition.message !== previous.message;
}

function describe({ status, reason, message }: Condition, previous: Condition | undefined): string {
  const change = previous === undefined || previous.status === status ? status : `${previous.status} -> ${status}`;
  return status === 'True' ? change : `${change} (${reason}): ${message}`;
}
