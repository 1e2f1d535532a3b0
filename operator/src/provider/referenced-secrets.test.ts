import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { referencedSecrets } from './referenced-secrets.ts';

const object = <T>(kind: string, name: string, spec: object) =>
  ({ kind, metadata: { namespace: 'n', name }, spec }) as T;

test('every reference of every kind, and the names relayfleet writes to', () => {
  const fleet = object<RelayFleet>('RelayFleet', 'f', {
    tls: { certificateRef: { name: 'crt' } },
    nats: { operatorCredentialsRef: { name: 'op' }, nodeCredentialsRef: { name: 'node' }, caRef: { name: 'ca' } },
  });
  const domain = object<RelayDomain>('RelayDomain', 'd', {
    dkim: { keyRefs: [{ selector: 's', name: 'dkim-key' }] },
    routes: [
      { name: 'a', mx: {} },
      {
        name: 'b',
        smarthosts: [
          { host: 'h', credentialsRef: { name: 'login' }, tls: { mode: 'Verify', caRef: { name: 'hop-ca' } } },
        ],
      },
    ],
  });
  const platform = object<SenderPlatform>('SenderPlatform', 'p', {
    auth: { type: 'Password', passwordRef: { name: 'pw', key: 'k' } },
  });
  const names = [...referencedSecrets({ fleets: [fleet], domains: [domain], platforms: [platform] })];
  assert.deepEqual(
    names.sort(),
    [
      'ca',
      'crt',
      'd-dkim',
      'dkim-key',
      'f-bootstrap',
      'f-keys',
      'f-listener-tls',
      'hop-ca',
      'login',
      'node',
      'op',
      'p-smtp',
      'pw',
    ].map((name) => `n/${name}`),
  );
});

test('the smallest objects name nothing of anybody else', () => {
  const domain = object<RelayDomain>('RelayDomain', 'd', { dkim: {} });
  const platform = object<SenderPlatform>('SenderPlatform', 'p', { auth: { type: 'Password' } });
  assert.deepEqual(
    [...referencedSecrets({ fleets: [], domains: [domain], platforms: [platform] })],
    ['n/d-dkim', 'n/p-smtp'],
  );
});
