// Custom resources for tests, small and valid: a fleet, a domain routed to a host and port, a platform that may send as it.
// What a test cares about it says; the rest is filled in here.

export type Manifest = Readonly<Record<string, unknown>>;
export type Endpoint = { readonly host: string; readonly port: number };

/** The names that tests use unless they say otherwise. `.test` is nobody's (RFC 6761 §6.2). */
export const usual = {
  domain: 'shop.test',
  platform: 'orders',
  namespace: 'shop',
  from: 'orders@shop.test',
  to: 'you@receiver.test',
} as const;

/** A fleet, a domain and a platform; all mail goes to `receiver`. */
export function usualManifests(receiver: Endpoint): readonly Manifest[] {
  return [relayFleet(), relayDomain({ routes: [routeTo(receiver)] }), senderPlatform()];
}

/** `spec` replaces whole fields of the usual one. */
export function relayFleet(spec: Manifest = {}): Manifest {
  return manifest('RelayFleet', 'relayfleet-system', 'default', {
    hostname: 'localhost',
    nats: {
      url: 'nats://127.0.0.1:4222', // a local run replaces it
      operatorCredentialsRef: { name: 'nats-operator' },
      nodeCredentialsRef: { name: 'nats-node' },
      storage: '1Gi',
    },
    allowedDomains: { namespaces: { from: 'All' } },
    egress: { addresses: ['127.0.0.1'], helloName: 'relay.fleet.test', allowedPrivateNetworks: ['127.0.0.0/8'] },
    ...spec,
  });
}

export function relayDomain(spec: Manifest = {}): Manifest {
  return manifest('RelayDomain', usual.namespace, 'shop', { domain: usual.domain, ...spec });
}

export function senderPlatform(spec: Manifest = {}): Manifest {
  return manifest('SenderPlatform', usual.namespace, usual.platform, { domainRefs: [{ name: 'shop' }], ...spec });
}

/** A route through one host; TLS is demanded (the domain's default), its certificate is not verified. */
export function routeTo({ host, port }: Endpoint, route: Manifest = {}): Manifest {
  return { name: 'everything', smarthosts: [{ host, port }], ...route };
}

function manifest(kind: string, namespace: string, name: string, spec: Manifest): Manifest {
  return { apiVersion: 'relayfleet.io/v1alpha1', kind, metadata: { namespace, name }, spec };
}
