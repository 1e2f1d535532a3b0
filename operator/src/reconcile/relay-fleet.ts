// What each RelayFleet comes to: its NATS account, keys and listener certificate, and what is wrong with them.
// One NATS account carries one fleet: streams and buckets have fixed names there. Refuses to know domains and nodes.
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { resolveFleetKeys } from './fleet-keys.ts';
import { resolveListenerCertificate } from './listener-certificate.ts';
import type { FleetNats, Refusal, ResolvedFleet } from './resolved.ts';
import { findAuthorities, findCredentials } from './secret-refs.ts';
import { suspensionOf } from './suspension.ts';
import { byKey, isLeaving, refOf, type WorldIndex } from './world-index.ts';

export type ResolvedFleets = {
  readonly fleets: readonly ResolvedFleet[];
  /** Deleted ones whose nodes have yet to be told: suspended, and still the holders of their NATS accounts. */
  readonly leaving: readonly ResolvedFleet[];
};

/** Each list sorted by `namespace/name`. */
export function resolveFleets(index: WorldIndex): ResolvedFleets {
  const holders = new Map<string, ObjectRef>();
  const all = [...index.fleets, ...index.leaving].toSorted(byKey(seniority));
  const resolved = all.map((object) => resolveFleet(index, object, holders)).toSorted(byKey(({ ref }) => refKey(ref)));
  return {
    fleets: resolved.filter(({ object }) => !isLeaving(object)),
    leaving: resolved
      .filter(({ object }) => isLeaving(object))
      .map((fleet) => ({ ...fleet, suspended: { reason: 'its RelayFleet was deleted' } })),
  };
}

function resolveFleet(index: WorldIndex, object: RelayFleet, holders: Map<string, ObjectRef>): ResolvedFleet {
  const ref = refOf(object);
  const { nats, problems } = resolveNats(index, object);
  const refusal = nats && accountRefusal(nats, ref, holders);
  const found = resolveFleetKeys(index, object);
  const listener = resolveListenerCertificate(index, object, found.keys);
  return {
    ref,
    object,
    suspended: suspensionOf(object),
    refusal,
    // Without its keys a fleet publishes nothing; all else may be had from an open connection.
    problems: [found.problem, ...problems, listener.problem].filter((problem) => problem !== undefined),
    nats,
    keys: found.keys,
    listenerCa: listener.ca,
    mint: refusal === undefined ? [...found.mint, ...listener.mint] : [],
    renewAt: listener.renewAt,
  };
}

function resolveNats(
  index: WorldIndex,
  { metadata: { namespace }, spec: { nats } }: RelayFleet,
): { nats: FleetNats | undefined; problems: readonly Refusal[] } {
  const at = (name: string, leaf: string) => ({ namespace, name, field: `spec.nats.${leaf}` });
  const operator = findCredentials(index, at(nats.operatorCredentialsRef.name, 'operatorCredentialsRef'));
  const node = findCredentials(index, at(nats.nodeCredentialsRef.name, 'nodeCredentialsRef'));
  const ca = nats.caRef && findAuthorities(index, at(nats.caRef.name, 'caRef'));
  const problems = [operator, node, ca].flatMap((found) => (found?.ok === false ? [found.refusal] : []));
  if (!operator.ok || ca?.ok === false) return { nats: undefined, problems };
  return {
    nats: { url: nats.url, operator: operator.value, node: node.ok ? node.value : undefined, ca: ca?.value },
    problems,
  };
}

function accountRefusal(nats: FleetNats, ref: ObjectRef, holders: Map<string, ObjectRef>): Refusal | undefined {
  const account = `${nats.operator.username} at ${natsAddress(nats.url)}`;
  const holder = holders.get(account);
  if (holder === undefined) {
    holders.set(account, ref);
    return undefined;
  }
  const message = `RelayFleet ${refKey(holder)} is older and uses the same NATS account (user ${account}): give this fleet NATS users of another account in spec.nats`;
  return { reason: 'FleetConflict', message };
}

function natsAddress(url: string): string {
  const address = url.toLowerCase().replace(/^[a-z]+:\/\//, '');
  return /:\d+$/.test(address) ? address : `${address}:4222`;
}

/** RFC 3339 in UTC with whole seconds sorts as text. */
function seniority(fleet: RelayFleet): string {
  return `${fleet.metadata.creationTimestamp} ${refKey(refOf(fleet))}`;
}
