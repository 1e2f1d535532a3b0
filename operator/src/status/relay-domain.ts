// The status of a RelayDomain: which fleets took it, its keys, the DNS records to publish, and what stands against it.
// Messages name the object to change; a suspension's reason is told to its own side only.
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import type { RelayDomainStatus, RelayDomainStatusDnsRecord } from '@relayfleet/contract/api/relay-domain.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { FleetBinding, Refusal, ResolvedDomain } from '../reconcile/resolved.ts';
import { condition, join, mergeConditions, timestamp, unresolved } from './conditions.ts';
import { draining, queuedOf, type Draining } from './draining.ts';
import { objectConditions, type Findings, type StatusContext } from './object-conditions.ts';
import { routability } from './routable.ts';

export type DomainFacts = {
  readonly programmed: Refusal | undefined;
  /** By fleet, `namespace/name`. */
  readonly programmedOn: ReadonlyMap<string, Refusal | undefined>;
  readonly suspendedFleet: ObjectRef | undefined;
  /** Whether some snapshot holds it, though its references may not resolve. */
  readonly carried: boolean;
  readonly records: readonly RelayDomainStatusDnsRecord[];
  readonly attachedPlatforms: number;
  /** Relay nodes heard of lately on the fleets that carry it. */
  readonly nodes: readonly Acknowledgement[];
  /** Its way out, while it is being deleted. */
  readonly drain: Draining | undefined;
};

export function relayDomainStatus(
  domain: ResolvedDomain,
  facts: DomainFacts,
  context: StatusContext,
): RelayDomainStatus {
  const { object, keys } = domain;
  const since = new Map(object.status?.dkim?.keys?.map((key) => [key.selector, key.since]));
  return {
    ...objectConditions(object, findings(domain, facts), context),
    domain: object.spec.domain,
    attachedPlatforms: facts.attachedPlatforms,
    ...queuedOf(facts.drain),
    fleets: domain.bindings.map((binding) => fleetEntry(domain, binding, facts, context)),
    dkim: {
      keys: keys.map(({ selector, algorithm, secretName }) => ({
        selector,
        algorithm,
        phase: 'Active' as const,
        since: since.get(selector) ?? timestamp(context.now),
        secretName,
      })),
    },
    dns: { records: facts.records },
  };
}

function findings(domain: ResolvedDomain, facts: DomainFacts): Findings {
  const { bindings, problems, object } = domain;
  const accepted = bindings.filter(({ refusal }) => refusal === undefined);
  const refusals = bindings.flatMap(({ refusal }) => refusal ?? []);
  const share = accepted.length > 0 ? `${accepted.length} of ${bindings.length} fleets accept it; ` : '';
  return {
    accepted: join(refusals, share),
    resolved: unresolved(problems, facts.carried),
    programmed: facts.programmed,
    suspended: draining(facts.drain) ?? suspension(domain, facts.suspendedFleet),
    routable: routability(object, facts.nodes),
    good: {
      accepted: `Attached to ${accepted.map(({ fleet }) => `RelayFleet ${refKey(fleet)}`).join(', ')}.`,
      programmed: 'Every ready relay node has acknowledged it.',
      ready:
        `Mail of ${object.spec.domain} is signed and sent. ${dnsAdvice(object.spec.domain, facts.records)}`.trimEnd(),
    },
  };
}

function suspension({ suspended }: ResolvedDomain, fleet: ObjectRef | undefined): Refusal | undefined {
  if (suspended !== null) return { reason: 'Suspended', message: suspended.reason };
  return fleet && { reason: 'Suspended', message: `RelayFleet ${refKey(fleet)} is suspended: ask its owner` };
}

/** The exact records, where the name servers were seen without them. */
function dnsAdvice(domain: string, records: readonly RelayDomainStatusDnsRecord[]): string {
  const absent = records.filter(({ state, required }) => required && (state === 'Missing' || state === 'Mismatch'));
  if (absent.length > 0)
    return `Publish in DNS: ${absent.map(({ name, type, value }) => `${name} ${type} "${value}"`).join('; ')}.`;
  return records.some(({ state }) => state === 'Unknown')
    ? `Publish the DNS records of status.dns.records if that is not done (relayfleet dns ${domain}).`
    : '';
}

function fleetEntry(
  { object }: ResolvedDomain,
  { fleet, refusal }: FleetBinding,
  facts: DomainFacts,
  { now }: StatusContext,
): NonNullable<RelayDomainStatus['fleets']>[number] {
  const current = object.status?.fleets?.find((entry) => refKey(entry) === refKey(fleet));
  const wanted = [
    condition('Accepted', refusal, 'The fleet carries the domain.'),
    condition('Programmed', facts.programmedOn.get(refKey(fleet)), 'Every ready relay node has acknowledged it.'),
  ];
  const conditions = mergeConditions(current?.conditions, wanted, object.metadata.generation, now);
  return { namespace: fleet.namespace, name: fleet.name, conditions };
}
