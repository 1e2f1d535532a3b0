// The three kinds as the commands see them, wherever they were read from, and what is asked of any of them. Pure.
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import type { Condition, ConditionType } from '@relayfleet/contract/conditions.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';

export type Resource = RelayFleet | RelayDomain | SenderPlatform;
export const resourceKinds = [
  'RelayFleet',
  'RelayDomain',
  'SenderPlatform',
] as const satisfies readonly Resource['kind'][];

export function refOf({ metadata }: Resource): ObjectRef {
  return { namespace: metadata.namespace, name: metadata.name };
}

/** `RelayDomain shop/shop` */
export function label(resource: Resource): string {
  return `${resource.kind} ${refKey(refOf(resource))}`;
}

export function conditionsOf(resource: Resource): readonly Condition[] {
  return resource.status?.conditions ?? [];
}

export function conditionOf(resource: Resource, wanted: ConditionType): Condition | undefined {
  return conditionsOf(resource).find(({ type }) => type === wanted);
}

/** `Accepted False (NotAllowedByFleet): …` */
export function conditionWords({ type, status, reason, message }: Condition): string {
  return status === 'True' ? `${type} True` : `${type} ${status} (${reason}): ${message}`;
}
