// Manifests a local run adds to the user's: the NATS users as Secrets, and a RelayFleet where the user has none.
// They lie in the state directory (mode 0600), which the operator watches besides the user's directory. Pure.
import type { NatsUsers } from '@relayfleet/jetstream/server-config.ts';
import { stringify } from 'yaml';
import { defaultFleet, type FleetManifest } from './fleet-manifest.ts';

/** File name -> YAML text. */
export function generatedManifests(
  fleet: FleetManifest,
  users: NatsUsers,
  withFleet: boolean,
): ReadonlyMap<string, string> {
  const secrets = [
    credentials(fleet, fleet.operatorSecret, users.operator),
    credentials(fleet, fleet.nodeSecret, users.node),
  ];
  return new Map([
    ['nats-users.yaml', note + secrets.map((secret) => stringify(secret)).join('---\n')],
    ...(withFleet ? [['fleet.yaml', note + stringify(smallestFleet())] as const] : []),
  ]);
}

const note = '# Made by `relayfleet local`; edits are overwritten at the next start.\n';

function credentials({ ref }: FleetManifest, name: string, { username, password }: NatsUsers['node']): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: ref.namespace },
    type: 'kubernetes.io/basic-auth',
    stringData: { username, password },
  };
}

function smallestFleet(): unknown {
  return {
    apiVersion: 'relayfleet.io/v1alpha1',
    kind: 'RelayFleet',
    metadata: { name: defaultFleet.ref.name, namespace: defaultFleet.ref.namespace },
    spec: {
      hostname: 'localhost',
      nats: {
        url: 'nats://127.0.0.1:4222',
        operatorCredentialsRef: { name: defaultFleet.operatorSecret },
        nodeCredentialsRef: { name: defaultFleet.nodeSecret },
        storage: '1Gi',
      },
      allowedDomains: { namespaces: { from: 'All' } },
      egress: { addresses: ['127.0.0.1'], allowedPrivateNetworks: ['127.0.0.0/8'] },
    },
  };
}
