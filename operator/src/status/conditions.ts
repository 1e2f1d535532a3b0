// How decisions become the conditions of a status: metav1.Condition, with Reconciling and Stalled as kstatus reads them.
// A transition time changes only when the status of its condition does; the message may change more often.
import type { Condition, ConditionReason, ConditionType, WantedCondition } from '@relayfleet/contract/conditions.ts';
import type { Refusal } from '../reconcile/resolved.ts';

/** Reasons that pass without an edit of the object: its state is Reconciling and not Stalled. */
const passing: ReadonlySet<ConditionReason> = new Set([
  'Pending',
  'NATSUnreachable',
  'NoReadyNodes',
  'WaitingForNodes',
  'RejectedByNode',
  'SmarthostNotFound',
]);

/** True with `good` as message, or False with the refusal. */
export function condition(
  type: 'Accepted' | 'ResolvedRefs' | 'Programmed' | 'Ready',
  refusal: Refusal | undefined,
  good: string,
): WantedCondition {
  return refusal === undefined
    ? { type, status: 'True', reason: type, message: good }
    : { type, status: 'False', ...refusal };
}

/**
 * Ready and, where they apply, Reconciling or Stalled. `refusals` are in the order in which they matter, `suspended` before
 * all others: who stopped an object knows it, and neither waits for anything nor has to edit.
 */
export function readiness(
  suspended: Refusal | undefined,
  refusals: readonly (Refusal | undefined)[],
  good: string,
): readonly WantedCondition[] {
  const first = suspended ?? refusals.find((refusal) => refusal !== undefined);
  const ready = condition('Ready', first, good);
  const obstacle = refusals.find((refusal) => refusal !== undefined);
  if (obstacle === undefined) return [ready];
  const type: ConditionType = passing.has(obstacle.reason) ? 'Reconciling' : 'Stalled';
  return [ready, { type, status: 'True', ...obstacle }];
}

/** Several refusals as one: the reason of the first, the messages of all. */
export function join(refusals: readonly Refusal[], prefix = ''): Refusal | undefined {
  const [first] = refusals;
  if (first === undefined) return undefined;
  return { reason: first.reason, message: prefix + refusals.map(({ message }) => message).join('; ') };
}

/** What does not resolve; `carried`: nodes hold an earlier or partial state of the object. */
export function unresolved(problems: readonly Refusal[], carried: boolean): Refusal | undefined {
  const joined = join(problems);
  if (joined === undefined || !carried) return joined;
  return { ...joined, message: `${joined.message}; what is usable or was last good stays in force` };
}

/** The stored form. `current` gives the transition times of conditions whose status stays; `now` is in milliseconds. */
export function mergeConditions(
  current: readonly Condition[] | undefined,
  wanted: readonly WantedCondition[],
  observedGeneration: number,
  now: number,
): readonly Condition[] {
  return wanted.map((next) => {
    const before = current?.find(({ type }) => type === next.type);
    const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : timestamp(now);
    return { ...next, message: next.message.slice(0, 32_768), observedGeneration, lastTransitionTime };
  });
}

/** metav1.Time: RFC 3339 in UTC, whole seconds. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
