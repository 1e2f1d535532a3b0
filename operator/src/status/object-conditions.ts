// The conditions all three kinds have in common: Accepted, ResolvedRefs, Programmed, Ready, and Reconciling or Stalled.
// An object whose newest form is invalid says so in them, while Programmed goes on speaking of the last good form.
import type { ObjectMeta } from '@relayfleet/contract/api/object-meta.ts';
import type { Condition } from '@relayfleet/contract/conditions.ts';
import type { Refusal } from '../reconcile/resolved.ts';
import type { InvalidObject } from '../world.ts';
import { condition, mergeConditions, readiness } from './conditions.ts';
import type { Routability } from './routable.ts';

/** What was found, undefined where nothing stands against it; and what to say where it is true. */
export type Findings = {
  readonly accepted: Refusal | undefined;
  readonly resolved: Refusal | undefined;
  readonly programmed: Refusal | undefined;
  readonly suspended: Refusal | undefined;
  readonly routable?: Routability | undefined;
  readonly good: { readonly accepted: string; readonly programmed: string; readonly ready: string };
};

export type StatusContext = { readonly now: number; readonly invalid: InvalidObject | undefined };

export type ObjectConditions = { readonly observedGeneration: number; readonly conditions: readonly Condition[] };

type WithStatus = { readonly metadata: ObjectMeta; readonly status?: { readonly conditions?: readonly Condition[] } };

export function objectConditions(object: WithStatus, findings: Findings, context: StatusContext): ObjectConditions {
  const { generation } = object.metadata;
  const { invalid, now } = context;
  const { resolved, programmed, suspended, routable, good } = findings;
  const accepted = invalid === undefined ? findings.accepted : invalidSpec(invalid, generation);
  const observedGeneration = invalid?.generation ?? generation;
  const wanted = [
    condition('Accepted', accepted, good.accepted),
    condition('ResolvedRefs', resolved, 'All references resolve.'),
    condition('Programmed', programmed, good.programmed),
    ...(routable ? [routable.condition] : []),
    ...readiness(suspended, [accepted, resolved, programmed, routable?.waits], good.ready),
  ];
  const merged = mergeConditions(object.status?.conditions, wanted, observedGeneration, now);
  const conditions = merged.map((next) =>
    next.type === 'Programmed' ? { ...next, observedGeneration: generation } : next,
  );
  return { observedGeneration, conditions };
}

/** The status of an object that has no good form at all. */
export function invalidConditions(invalid: InvalidObject, now: number): ObjectConditions {
  const accepted = invalidSpec(invalid, undefined);
  const programmed: Refusal = { reason: 'NotAttached', message: 'an invalid object is in no configuration' };
  const wanted = [
    condition('Accepted', accepted, ''),
    condition('Programmed', programmed, ''),
    ...readiness(undefined, [accepted], ''),
  ];
  const { generation: observedGeneration } = invalid;
  return { observedGeneration, conditions: mergeConditions(invalid.conditions, wanted, observedGeneration, now) };
}

function invalidSpec({ problems }: InvalidObject, lastGood: number | undefined): Refusal {
  const words = problems.join('; ');
  const message =
    lastGood === undefined ? words : `${words}; the last good version (generation ${lastGood}) stays in force`;
  return { reason: 'InvalidSpec', message };
}
