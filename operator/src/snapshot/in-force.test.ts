import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { PlatformPolicy, SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import { indexWorld } from '../reconcile/world-index.ts';
import { emptyWorld, secret } from '../testing/objects.ts';
import { withoutRevoked } from './in-force.ts';

const platform = (username: string, secretRef?: ObjectRef) => ({ username, ...(secretRef && { secretRef }) });
const chosenIn = (name: string) => platform(name, { namespace: 'n', name });

test('a password lasts as long as the Secret it was chosen in exists, whoever names that by now', () => {
  const { secretExists } = indexWorld(
    emptyWorld({ secrets: new Map([['n/named', secret('n/named', {})]]), otherSecrets: new Set(['n/unnamed']) }),
  );
  const platforms = [chosenIn('named'), chosenIn('unnamed'), chosenIn('gone'), platform('minted')];
  const previous = { platforms: platforms as unknown as readonly PlatformPolicy[] } as SnapshotContent;
  assert.deepEqual(
    withoutRevoked(previous, secretExists).platforms.map(({ username, draining }) => [username, draining]),
    [
      ['named', undefined],
      ['unnamed', undefined],
      ['gone', true],
      ['minted', undefined],
    ],
  );
});
