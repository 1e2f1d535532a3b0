// Which Secrets matter to the objects: those they name, and whatever stands under a name relayfleet would write to. Pure.
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { ownedRef, type OwnedSuffix } from '../owned-secrets.ts';
import type { Kind, World } from '../world.ts';

/** As `namespace/name`; references never leave the namespace of the object that makes them. */
export function referencedSecrets(world: Pick<World, 'fleets' | 'domains' | 'platforms'>): ReadonlySet<string> {
  const keys = new Set<string>();
  const add = (object: RelayFleet | RelayDomain | SenderPlatform, names: readonly (string | undefined)[]) => {
    for (const name of names) if (name) keys.add(refKey({ namespace: object.metadata.namespace, name }));
  };
  for (const fleet of world.fleets) add(fleet, namedByFleet(fleet));
  for (const domain of world.domains) add(domain, namedByDomain(domain));
  for (const platform of world.platforms) add(platform, [platform.spec.auth.passwordRef?.name]);
  for (const object of [...world.fleets, ...world.domains, ...world.platforms])
    for (const suffix of suffixes[object.kind]) keys.add(refKey(ownedRef(object, suffix)));
  return keys;
}

function namedByFleet({ spec: { tls, nats } }: RelayFleet): (string | undefined)[] {
  return [tls.certificateRef, nats.operatorCredentialsRef, nats.nodeCredentialsRef, nats.caRef].map((ref) => ref?.name);
}

function namedByDomain({ spec: { dkim, routes } }: RelayDomain): (string | undefined)[] {
  const hosts = (routes ?? []).flatMap((route) => route.smarthosts ?? []);
  return [
    ...(dkim.keyRefs ?? []).map((ref) => ref.name),
    ...hosts.flatMap((host) => [host.credentialsRef?.name, host.tls?.caRef?.name]),
  ];
}

const suffixes: Readonly<Record<Kind, readonly OwnedSuffix[]>> = {
  RelayFleet: ['keys', 'listener', 'bootstrap'],
  RelayDomain: ['dkim'],
  SenderPlatform: ['binding'],
};
