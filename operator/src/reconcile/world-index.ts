// The world, sorted and indexed for looking things up by name: every decision starts from here, so none depends on the order
// in which objects arrived. Objects that are being deleted are not in it: what they allowed is withdrawn with the deletion.
// Those that our finalizer holds are: of fleets the ones whose nodes have yet to be told, aside, in `leaving`; of domains and
// platforms the ones whose mail has yet to leave.
import type { ObjectMeta, Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { finalizerOf } from '../plan.ts';
import type { Kind, World } from '../world.ts';

export type WorldIndex = {
  readonly world: World;
  readonly fleets: readonly RelayFleet[];
  /** Being deleted, and held by our finalizer. */
  readonly leaving: readonly RelayFleet[];
  readonly domains: readonly RelayDomain[];
  readonly platforms: readonly SenderPlatform[];
  readonly fleet: (ref: ObjectRef) => RelayFleet | undefined;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  readonly secret: (ref: ObjectRef) => Secret | undefined;
  /** Whether there is such a Secret, named by an object or not. */
  readonly secretExists: (ref: ObjectRef) => boolean;
};

type Named = { readonly metadata: { readonly namespace: string; readonly name: string } };
type Held = { readonly kind: Kind; readonly metadata: ObjectMeta };

export function indexWorld(world: World): WorldIndex {
  const labels = new Map(world.namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const fleets = world.fleets.filter(({ metadata }) => metadata.deletionTimestamp === undefined).toSorted(byName);
  const byRef = new Map(fleets.map((fleet) => [refKey(refOf(fleet)), fleet]));
  return {
    world,
    fleets,
    leaving: world.fleets.filter(isLeaving).toSorted(byName),
    fleet: (ref) => byRef.get(refKey(ref)),
    domains: world.domains.filter(isInForce).toSorted(byName),
    platforms: world.platforms.filter(isInForce).toSorted(byName),
    // The API server puts this label on every namespace; without one it holds all the same.
    namespaceLabels: (namespace) => ({ ...labels.get(namespace), 'kubernetes.io/metadata.name': namespace }),
    secret: (ref) => world.secrets.get(refKey(ref)),
    secretExists: (ref) => world.secrets.has(refKey(ref)) || world.otherSecrets.has(refKey(ref)),
  };
}

/** Being deleted, and held by our finalizer. */
export function isLeaving({ kind, metadata: { deletionTimestamp, finalizers } }: Held): boolean {
  return deletionTimestamp !== undefined && finalizers?.includes(finalizerOf[kind]) === true;
}

export function refOf(object: Named): ObjectRef {
  return { namespace: object.metadata.namespace, name: object.metadata.name };
}

/** Orders by code unit, so that every machine agrees. */
export function byKey<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}

const byName = byKey((object: Named) => refKey(refOf(object)));

function isInForce(object: Held): boolean {
  return object.metadata.deletionTimestamp === undefined || isLeaving(object);
}
