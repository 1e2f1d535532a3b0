// Who may attach to whom. Both sides must agree, platform with domain and domain with fleet, and either side can withdraw.
// Each list is ordered and the first rule that refuses decides: the list is the documentation.
// A message says what to change, and on which object; refuses to know Secrets, nodes and DNS.
import { parseMailbox } from '@relayfleet/contract/address.ts';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { ConditionReason } from '@relayfleet/contract/conditions.ts';
import { canonicalDomain, isAtOrBelow } from '@relayfleet/contract/domain-name.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { allowsNamespace, remedy, type Visitor } from './allowed-namespaces.ts';
import type { Refusal, ResolvedDomain } from './resolved.ts';
import { isLeaving, refOf } from './world-index.ts';

/** `refuses` gives the message of the refusal, undefined where the rule has nothing against it. */
export type Rule<Case> = {
  readonly name: string;
  readonly reason: ConditionReason;
  readonly refuses: (attachment: Case) => string | undefined;
};

/** A RelayDomain that names a fleet. `holder` is the RelayDomain that has the same domain there already. */
export type FleetAttachment = {
  readonly domain: RelayDomain;
  readonly visitor: Visitor;
  readonly fleetRef: ObjectRef;
  readonly byDefault: boolean;
  readonly fleet: RelayFleet | undefined;
  readonly holder: RelayDomain | undefined;
};

export const fleetRules: readonly Rule<FleetAttachment>[] = [
  {
    name: 'the domain has one spelling',
    reason: 'InvalidSpec',
    refuses: ({ domain: { spec } }) =>
      canonicalDomain(spec.domain) === spec.domain
        ? undefined
        : `spec.domain ${spec.domain} is not a domain mail can be sent from: write it in lower case, international names as valid A-labels (xn--…)`,
  },
  {
    name: 'the fleet exists',
    reason: 'FleetNotFound',
    refuses: ({ fleet, fleetRef, byDefault }) => {
      if (fleet !== undefined) return undefined;
      return byDefault
        ? `the operator's default RelayFleet ${refKey(fleetRef)} does not exist: create it, or name another one in spec.fleetRefs`
        : `RelayFleet ${refKey(fleetRef)} does not exist: create it, or correct spec.fleetRefs`;
    },
  },
  {
    name: 'the fleet allows the namespace',
    reason: 'NotAllowedByFleet',
    refuses: ({ fleet, fleetRef, visitor }) => {
      const allowed = fleet?.spec.allowedDomains.namespaces;
      if (allowed === undefined || allowsNamespace(allowed, fleetRef.namespace, visitor)) return undefined;
      return `RelayFleet ${refKey(fleetRef)} does not let namespace ${visitor.namespace} attach: ${remedy(allowed, 'spec.allowedDomains.namespaces', visitor.namespace)}`;
    },
  },
  {
    name: 'the fleet allows the domain',
    reason: 'NotAllowedByFleet',
    refuses: ({ domain: { spec }, fleet, fleetRef }) => {
      const suffixes = fleet?.spec.allowedDomains.suffixes ?? [];
      if (suffixes.length === 0 || suffixes.some((suffix) => isAtOrBelow(spec.domain, suffix))) return undefined;
      return `RelayFleet ${refKey(fleetRef)} carries only domains at or below ${suffixes.join(', ')}: add ${spec.domain} to its spec.allowedDomains.suffixes`;
    },
  },
  {
    name: 'nobody older claims the domain',
    reason: 'DomainConflict',
    refuses: ({ domain, fleetRef, holder }) => {
      if (holder === undefined || holder === domain) return undefined;
      const claim = `RelayDomain ${refKey(refOf(holder))} holds ${domain.spec.domain} on RelayFleet ${refKey(fleetRef)}`;
      return isLeaving(holder)
        ? `${claim} until its queued mail has left, since it is being deleted: wait for that, its status says how much is left`
        : `${claim} (the oldest does, then the first by name): delete one of the two, or attach this one to another fleet`;
    },
  },
];

/** A SenderPlatform that names a domain. */
export type DomainAttachment = {
  readonly visitor: Visitor;
  readonly domainRef: ObjectRef;
  readonly domain: ResolvedDomain | undefined;
  readonly from: readonly string[];
  /** The platform is being deleted. */
  readonly leaving: boolean;
};

export const domainRules: readonly Rule<DomainAttachment>[] = [
  {
    name: 'the platform stays',
    reason: 'Draining',
    refuses: ({ leaving }) => (leaving ? 'it is being deleted and takes nothing new: see Ready' : undefined),
  },
  {
    name: 'the domain exists',
    reason: 'DomainNotFound',
    refuses: ({ domain, domainRef }) =>
      domain === undefined
        ? `RelayDomain ${refKey(domainRef)} does not exist: create it, or correct spec.domainRefs`
        : undefined,
  },
  {
    name: 'the domain allows the namespace',
    reason: 'NotAllowedByDomain',
    refuses: ({ domain, domainRef, visitor }) => {
      const allowed = domain?.object.spec.allowedPlatforms.namespaces;
      if (allowed === undefined || allowsNamespace(allowed, domainRef.namespace, visitor)) return undefined;
      return `RelayDomain ${refKey(domainRef)} does not let namespace ${visitor.namespace} attach: ${remedy(allowed, 'spec.allowedPlatforms.namespaces', visitor.namespace)}`;
    },
  },
  {
    name: 'senders are local parts',
    reason: 'InvalidSenderPattern',
    refuses: ({ from, domainRef }) => {
      const wrong = from.find((pattern) => pattern !== '*' && parseMailbox(`${pattern}@example.com`) === undefined);
      return wrong === undefined
        ? undefined
        : `from entry ${JSON.stringify(wrong)} of RelayDomain ${refKey(domainRef)} is not a local part: write what stands before the @, or "*" for every one`;
    },
  },
  {
    name: 'the domain stays',
    reason: 'Draining',
    refuses: ({ domain, domainRef }) =>
      domain?.leaving === true
        ? `RelayDomain ${refKey(domainRef)} is being deleted: remove it from spec.domainRefs, or ask its owner to create it anew`
        : undefined,
  },
  {
    name: 'the domain is accepted itself',
    reason: 'DomainNotAccepted',
    refuses: ({ domain, domainRef }) => {
      if (domain === undefined || domain.bindings.some(({ refusal }) => refusal === undefined)) return undefined;
      const why = domain.bindings[0]?.refusal?.reason ?? 'FleetNotFound';
      return `RelayDomain ${refKey(domainRef)} is itself not accepted (${why}): its conditions say what its owner has to change`;
    },
  },
];

/** The verdict of an ordered list: the first refusal, undefined when there is none. */
export function judge<Case>(rules: readonly Rule<Case>[], attachment: Case): Refusal | undefined {
  for (const { reason, refuses } of rules) {
    const message = refuses(attachment);
    if (message !== undefined) return { reason, message };
  }
  return undefined;
}
