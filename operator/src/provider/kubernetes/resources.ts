// Where each kind is served, and how an object as served becomes one we keep. Paths are spelled here and nowhere else.
import { relayDomainResource } from '@relayfleet/contract/api/relay-domain.ts';
import { relayFleetResource } from '@relayfleet/contract/api/relay-fleet.ts';
import { senderPlatformResource } from '@relayfleet/contract/api/sender-platform.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Kind } from '../../world.ts';

export type Resource = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  /** `/api/v1` or `/apis/<group>/<version>`. */
  readonly root: string;
};

export const resources: Readonly<Record<Kind | 'Secret' | 'Namespace', Resource>> = {
  RelayFleet: custom(relayFleetResource),
  RelayDomain: custom(relayDomainResource),
  SenderPlatform: custom(senderPlatformResource),
  Secret: { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', root: '/api/v1' },
  Namespace: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', root: '/api/v1' },
};

/** The collection in all namespaces. */
export function collectionPath({ root, plural }: Resource): string {
  return `${root}/${plural}`;
}

export function objectPath({ root, plural }: Resource, { namespace, name }: ObjectRef): string {
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`;
}

/** Lists leave kind and apiVersion out of their items; managedFields are half of an object and of no use to us. */
export function cleaned<T>(resource: Resource, raw: unknown): T {
  const { metadata, ...rest } = raw as { metadata: Record<string, unknown> };
  const { managedFields: _, ...kept } = metadata;
  const { apiVersion, kind } = resource;
  return { ...rest, apiVersion, kind, metadata: { namespace: '', generation: 0, ...kept } } as T;
}

function custom(resource: {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}): Resource {
  const { group, version, plural, kind } = resource;
  return { apiVersion: `${group}/${version}`, kind, plural, root: `/apis/${group}/${version}` };
}
