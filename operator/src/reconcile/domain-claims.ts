// Which RelayDomain holds a domain on a fleet when several claim it: the oldest, then the first by `namespace/name`.
// Only claims that nothing else stands against count, so that one nobody let in cannot block an owner.
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { fleetRules, judge, type FleetAttachment } from './binding.ts';
import type { FleetBinding } from './resolved.ts';
import { byKey, refOf, type WorldIndex } from './world-index.ts';

/** Bindings of every RelayDomain, by `namespace/name`, in the order of its `fleetRefs`. */
export function bindDomains(index: WorldIndex): ReadonlyMap<string, readonly FleetBinding[]> {
  const attachments = new Map(index.domains.map((domain) => [refKey(refOf(domain)), attachmentsOf(index, domain)]));
  const holders = electHolders([...attachments.values()].flat());
  return new Map(
    [...attachments].map(([key, list]) => [
      key,
      list.map((attachment) => ({
        fleet: attachment.fleetRef,
        refusal: judge(fleetRules, { ...attachment, holder: holders.get(claim(attachment)) }),
      })),
    ]),
  );
}

function attachmentsOf(index: WorldIndex, domain: RelayDomain): readonly FleetAttachment[] {
  const { namespace } = domain.metadata;
  const named = domain.spec.fleetRefs ?? [];
  const refs: readonly ObjectRef[] = named.map((ref) => ({ namespace: ref.namespace ?? namespace, name: ref.name }));
  const distinct = new Map((refs.length > 0 ? refs : [index.world.defaultFleet]).map((ref) => [refKey(ref), ref]));
  return [...distinct.values()].map((fleetRef) => ({
    domain,
    visitor: { namespace, labels: index.namespaceLabels(namespace) },
    fleetRef,
    byDefault: refs.length === 0,
    fleet: index.fleet(fleetRef),
    holder: undefined,
  }));
}

function electHolders(attachments: readonly FleetAttachment[]): ReadonlyMap<string, RelayDomain> {
  const holders = new Map<string, RelayDomain>();
  for (const attachment of attachments.toSorted(byKey(({ domain }) => seniority(domain))))
    if (!holders.has(claim(attachment)) && judge(fleetRules, attachment) === undefined)
      holders.set(claim(attachment), attachment.domain);
  return holders;
}

function claim({ fleetRef, domain }: FleetAttachment): string {
  return `${refKey(fleetRef)} ${domain.spec.domain}`;
}

/** RFC 3339 in UTC with whole seconds sorts as text. */
function seniority(domain: RelayDomain): string {
  return `${domain.metadata.creationTimestamp} ${refKey(refOf(domain))}`;
}
