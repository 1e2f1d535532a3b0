// Objects for tests, valid and small: each builder fills in what the CRD defaults would, and a test overrides what it is about.
// Names are written `namespace/name`; the same arguments always build the same object.
import type { Namespace, ObjectMeta, Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { RelayDomain, RelayDomainSpec } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet, RelayFleetSpec } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform, SenderPlatformSpec } from '@relayfleet/contract/api/sender-platform.ts';
import { parseRefKey } from '@relayfleet/contract/object-ref.ts';
import type { WantedSecret } from '../plan.ts';
import type { World } from '../world.ts';

/** 2026-01-15 12:00 UTC. */
export const testNow = Date.UTC(2026, 0, 15, 12);

export function meta(kind: string, key: string, over: Partial<ObjectMeta> = {}): ObjectMeta {
  const ref = parseRefKey(key) ?? { namespace: '', name: key };
  return { ...ref, uid: `uid-${kind}-${key}`, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', ...over };
}

export function relayFleet(key: string, spec: Partial<RelayFleetSpec> = {}, over?: Partial<ObjectMeta>): RelayFleet {
  return {
    apiVersion: 'relayfleet.io/v1alpha1',
    kind: 'RelayFleet',
    metadata: meta('RelayFleet', key, over),
    spec: {
      replicas: 2,
      listeners: [
        { name: 'submissions', port: 465, mode: 'Implicit' },
        { name: 'submission', port: 587, mode: 'StartTLS' },
      ],
      tls: { minVersion: '1.2' },
      nats: {
        url: 'nats://nats:4222',
        operatorCredentialsRef: { name: 'nats-operator' },
        nodeCredentialsRef: { name: 'nats-node' },
        replicas: 1,
        storage: '10Gi',
      },
      allowedDomains: { namespaces: { from: 'All' } },
      egress: { allowedPrivateNetworks: [] },
      limits: {
        maxMessageBytes: 26_214_400,
        maxRecipients: 100,
        maxConnections: 1000,
        connectionsPerDestination: 20,
        maxDeferred: 1_000_000,
      },
      retry: {
        maxAge: '120h',
        schedule: ['1m', '5m', '15m', '30m', '1h', '2h', '4h'],
        delayNoticeAfter: '3h',
      },
      retention: { events: '720h' },
      suspended: false,
      ...spec,
    },
  };
}

export function relayDomain(key: string, spec: Partial<RelayDomainSpec> = {}, over?: Partial<ObjectMeta>): RelayDomain {
  return {
    apiVersion: 'relayfleet.io/v1alpha1',
    kind: 'RelayDomain',
    metadata: meta('RelayDomain', key, over),
    spec: {
      domain: 'example.com',
      allowedPlatforms: { namespaces: { from: 'Same' } },
      dkim: { algorithms: ['RSA2048', 'Ed25519'] },
      dns: { mode: 'Manual' },
      tls: { mode: 'Require', minVersion: '1.2' },
      suspended: false,
      ...spec,
    },
  };
}

export function senderPlatform(
  key: string,
  spec: Partial<SenderPlatformSpec> = {},
  over?: Partial<ObjectMeta>,
): SenderPlatform {
  return {
    apiVersion: 'relayfleet.io/v1alpha1',
    kind: 'SenderPlatform',
    metadata: meta('SenderPlatform', key, over),
    spec: {
      domainRefs: [{ name: 'example-com', from: ['*'] }],
      purpose: 'Transactional',
      auth: { type: 'Password' },
      suspended: false,
      ...spec,
    },
  };
}

export function secret(key: string, texts: Readonly<Record<string, string>>, over?: Partial<ObjectMeta>): Secret {
  const encoded = Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta('Secret', key, { generation: 0, ...over }),
    data: Object.fromEntries(encoded) as Record<string, string>,
  };
}

/** What a provider stores when it is asked to hold `wanted`. */
export function applied({ ref, data, labels, annotations }: WantedSecret): Secret {
  return secret(`${ref.namespace}/${ref.name}`, data, { labels, annotations });
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: meta('Namespace', name, { labels }) };
}

/** Nothing but a clock; its default fleet is `relayfleet-system/default`. */
export function emptyWorld(over: Partial<World> = {}): World {
  return {
    now: testNow,
    defaultFleet: { namespace: 'relayfleet-system', name: 'default' },
    fleets: [],
    domains: [],
    platforms: [],
    namespaces: [],
    secrets: new Map(),
    otherSecrets: new Set(),
    invalid: [],
    observations: new Map(),
    endpoints: new Map(),
    dns: new Map(),
    passwordHashes: new Map(),
    ...over,
  };
}
