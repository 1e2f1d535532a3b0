// A status of each kind with every field, as the operator may write it. The types are the generated ones, so that a field the
// schema lost, or one it gained, shows here.
import type { RelayDomainStatus } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleetStatus } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatformStatus } from '@relayfleet/contract/api/sender-platform.ts';
import type { Condition } from '@relayfleet/contract/conditions.ts';

const time = '2026-03-01T10:00:00Z';

const conditions: readonly Condition[] = ['Accepted', 'ResolvedRefs', 'Programmed', 'Ready'].map((type) => ({
  type,
  status: 'True',
  reason: type,
  message: '2 of 2 ready nodes hold generation 12',
  observedGeneration: 1,
  lastTransitionTime: time,
}));

const fleet: Required<RelayFleetStatus> = {
  observedGeneration: 1,
  replicas: 6,
  readyReplicas: 2,
  selector: 'relayfleet.io/fleet=europe',
  attachedDomains: 1,
  attachedPlatforms: 2,
  config: { generation: 12, digest: 'a'.repeat(64), acknowledged: 2, published: time },
  nodes: [{ name: 'europe-0', generation: 12, ready: true }],
  conditions,
};

const domain: Required<RelayDomainStatus> = {
  observedGeneration: 1,
  domain: 'news.example.com',
  attachedPlatforms: 2,
  queued: 3,
  fleets: [{ namespace: 'relayfleet-system', name: 'europe', conditions }],
  dkim: {
    keys: [
      { selector: 'mail2026r', algorithm: 'RSA2048', phase: 'Active', since: time, secretName: 'news-dkim-rsa' },
      { selector: 'mail2026e', algorithm: 'Ed25519', phase: 'Active', since: time, secretName: 'news-dkim-ed25519' },
    ],
  },
  dns: {
    records: [
      {
        name: '_dmarc.news.example.com',
        type: 'TXT',
        value: 'v=DMARC1; p=none',
        purpose: 'DMARC',
        state: 'Unknown',
        required: true,
      },
    ],
  },
  conditions,
};

const platform: Required<SenderPlatformStatus> = {
  observedGeneration: 1,
  username: 'newsletter.marketing',
  queued: 3,
  binding: { name: 'newsletter-smtp' },
  domains: [{ namespace: 'mail', name: 'news-example-com', domain: 'news.example.com', conditions }],
  conditions,
};

/** The sample that holds the object, and the status to write. */
export const fullStatuses = [
  { file: 'crds/samples/relayfleet-full.yaml', status: fleet },
  { file: 'crds/samples/relaydomain-full.yaml', status: domain },
  { file: 'crds/samples/senderplatform-full.yaml', status: platform },
] as const;
