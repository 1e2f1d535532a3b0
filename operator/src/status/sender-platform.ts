// The status of a SenderPlatform: its user name, its binding Secret, what became of each domain it names.
// It tells an application team what to do without telling it other teams' reasons.
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatformSpec, SenderPlatformStatus } from '@relayfleet/contract/api/sender-platform.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { milliseconds } from '../quantities.ts';
import type { DomainBinding, Refusal, ResolvedPlatform } from '../reconcile/resolved.ts';
import { condition, join, mergeConditions, unresolved } from './conditions.ts';
import { draining, queuedOf, type Draining } from './draining.ts';
import { objectConditions, type Findings, type StatusContext } from './object-conditions.ts';

export type PlatformFacts = {
  readonly programmed: Refusal | undefined;
  /** By domain, `namespace/name`. */
  readonly programmedOn: ReadonlyMap<string, Refusal | undefined>;
  /** The first thing it depends on that is suspended. */
  readonly suspendedBy: { readonly kind: string; readonly ref: ObjectRef } | undefined;
  /** Whether some snapshot holds it, though its references may not resolve. */
  readonly carried: boolean;
  /** Name of the binding Secret once it is complete. */
  readonly binding: string | undefined;
  /** Fleets it sends through. */
  readonly fleets: readonly RelayFleet[];
  /** Its way out, while it is being deleted. */
  readonly drain: Draining | undefined;
};

export function senderPlatformStatus(
  platform: ResolvedPlatform,
  facts: PlatformFacts,
  context: StatusContext,
): SenderPlatformStatus {
  return {
    ...objectConditions(platform.object, findings(platform, facts), context),
    username: platform.username,
    ...queuedOf(facts.drain),
    ...(facts.binding !== undefined && { binding: { name: facts.binding } }),
    domains: platform.bindings.map((binding) => domainEntry(platform, binding, facts, context)),
  };
}

function findings({ bindings, problems, suspended, object }: ResolvedPlatform, facts: PlatformFacts): Findings {
  const accepted = bindings.filter(({ refusal }) => refusal === undefined);
  const refusals = bindings.flatMap(({ refusal }) => refusal ?? []);
  const share = accepted.length > 0 ? `${accepted.length} of ${bindings.length} domains accept it; ` : '';
  return {
    accepted: join(refusals, share),
    resolved: unresolved(problems, facts.carried),
    programmed: facts.programmed,
    suspended: draining(facts.drain) ?? suspension(suspended, facts.suspendedBy),
    good: {
      accepted: `Bound to ${accepted.map(({ ref }) => `RelayDomain ${refKey(ref)}`).join(', ')}.${shortened(object.spec, facts.fleets)}`,
      programmed: 'Every ready relay node has acknowledged it.',
      ready: 'Mail is accepted from it.',
    },
  };
}

/** That a fleet lets mail wait less long than asked. */
function shortened({ retry }: SenderPlatformSpec, fleets: readonly RelayFleet[]): string {
  const wanted = retry?.maxAge;
  if (wanted === undefined) return '';
  return fleets
    .filter(({ spec }) => milliseconds(spec.retry.maxAge) < milliseconds(wanted))
    .map(
      ({ metadata, spec }) =>
        ` Its retry.maxAge of ${wanted} counts as ${spec.retry.maxAge}, the most that RelayFleet ${refKey(metadata)} allows.`,
    )
    .join('');
}

function suspension(own: ResolvedPlatform['suspended'], by: PlatformFacts['suspendedBy']): Refusal | undefined {
  if (own !== null) return { reason: 'Suspended', message: own.reason };
  return by && { reason: 'Suspended', message: `${by.kind} ${refKey(by.ref)} is suspended: ask its owner` };
}

function domainEntry(
  { object }: ResolvedPlatform,
  { ref, domain, refusal }: DomainBinding,
  facts: PlatformFacts,
  { now }: StatusContext,
): NonNullable<SenderPlatformStatus['domains']>[number] {
  const current = object.status?.domains?.find((entry) => refKey(entry) === refKey(ref));
  const wanted = [
    condition('Accepted', refusal, 'The domain accepts the platform.'),
    condition('Programmed', facts.programmedOn.get(refKey(ref)), 'Every ready relay node has acknowledged it.'),
  ];
  return {
    namespace: ref.namespace,
    name: ref.name,
    ...(domain && refusal?.reason !== 'NotAllowedByDomain' && { domain: domain.object.spec.domain }),
    conditions: mergeConditions(current?.conditions, wanted, object.metadata.generation, now),
  };
}
