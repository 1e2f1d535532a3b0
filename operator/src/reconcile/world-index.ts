// The world, sorted and indexed for looking things up by name: every decision starts from here, so none depends on the order
// in which objects arrived. Objects that are being deleted are not in it: what they allowed is withdrawn with the deletion.
// Of fleets those whose nodes have yet to be told stand aside, in `leaving`.
import type { ObjectMeta, Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { withdrawFinalizer } from '../plan.ts';
import type { World } from '../world.ts';

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

export function indexWorld(world: World): WorldIndex {
  const labels = new Map(world.namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const fleets = present(world.fleets);
  const byRef = new Map(fleets.map((fleet) => [refKey(refOf(fleet)), fleet]));
  return {
    world,
    fleets,
    leaving: world.fleets
      .filter(({ metadata }) => isLeaving(metadata))
      .toSorted(byKey((fleet) => refKey(refOf(fleet)))),
    fleet: (ref) => byRef.get(refKey(ref)),
    domains: present(world.domains),
    platforms: present(world.platforms),
    // The API server puts this label on every namespace; without one it holds all the same.
    namespaceLabels: (namespace) => ({ ...labels.get(namespace), 'kubernetes.io/metadata.name': namespace }),
    secret: (ref) => world.secrets.get(refKey(ref)),
    secretExists: (ref) => world.secrets.has(refKey(ref)) || world.otherSecrets.has(refKey(ref)),
  };
}

export function isLeaving({ deletionTimestamp, finalizers }: ObjectMeta): boolean {
  return deletionTimestamp !== undefined && finalizers?.includes(withdrawFinalizer) === true;
}

export function refOf(object: Named): ObjectRef {
  return { namespace: object.metadata.namespace, name: object.metadata.name };
}

/** Orders by code unit, so that every machine agrees. */
export function byKey<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}

function present<T extends Named & { readonly metadata: { readonly deletionTimestamp?: string } }>(
  objects: readonly T[],
): readonly T[] {
  return objects
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted(byKey((object) => refKey(refOf(object))));
}
