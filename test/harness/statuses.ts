// What the operator of a local run says of its objects, read where it writes it.
import { join } from 'node:path';
import type { Condition, ConditionType } from '@relayfleet/contract/conditions.ts';
import { conditionOf, type Resource } from '../../cli/src/resource.ts';
import { createResourceReader } from '../../cli/src/state-resources.ts';
import { until } from './until.ts';

type Run = { readonly directory: string };
type Named = { readonly kind: Resource['kind']; readonly name: string };

export function conditionIn({ directory }: Run, { kind, name }: Named, type: ConditionType): Condition | undefined {
  const resources = createResourceReader(join(directory, 'state', 'operator')).resources();
  const found = resources.find((resource) => resource.kind === kind && resource.metadata.name === name);
  return found && conditionOf(found, type);
}

/** Waits until the condition is as said, `True` or `False` with the reason; returns it. */
export function untilCondition(
  run: Run,
  object: Named,
  wanted: { readonly type: ConditionType; readonly status: Condition['status']; readonly reason?: string },
  withinMs = 30_000,
): Promise<Condition> {
  const { type, status, reason } = wanted;
  const now = () => conditionIn(run, object, type);
  return until(
    () => `${object.kind} ${object.name} ${type} ${status} ${reason ?? ''}; it is ${JSON.stringify(now())}`,
    () => {
      const found = now();
      return found?.status === status && (reason === undefined || found.reason === reason) ? found : undefined;
    },
    { withinMs },
  );
}
