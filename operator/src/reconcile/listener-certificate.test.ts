import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { mint } from '../mint/mint.ts';
import { applied, emptyWorld, relayFleet, secret, testNow } from '../testing/objects.ts';
import type { World } from '../world.ts';
import { resolveFleetKeys } from './fleet-keys.ts';
import { resolveListenerCertificate } from './listener-certificate.ts';
import { indexWorld } from './world-index.ts';

const day = 86_400_000;
const fleet = relayFleet('relayfleet-system/default', { hostname: 'relay.example.com' });

test('a certificate is kept while it has a third of its life left and every name, and renewed with the same authority', async () => {
  const world = await withCertificate(emptyWorld({ fleets: [fleet] }));
  const first = judge(world);
  assert.deepEqual(first.mint, []);
  assert.ok(first.renewAt !== undefined && first.renewAt > testNow + 59 * day && first.renewAt < testNow + 61 * day);

  const later = judge({ ...world, now: first.renewAt });
  assert.deepEqual(
    later.mint.map(({ kind }) => kind),
    ['ListenerCertificate'],
  );
  assert.deepEqual(later.ca, first.ca);
});

test('a new name or a key that does not fit asks for a new certificate', async () => {
  const world = await withCertificate(emptyWorld({ fleets: [fleet] }));
  const renamed = relayFleet('relayfleet-system/default', {
    hostname: 'relay.example.com',
    externalHostnames: ['mx.example.net'],
  });
  assert.equal(judge({ ...world, fleets: [renamed] }).mint.length, 1);

  const name = 'relayfleet-system/default-listener-tls';
  const held = world.secrets.get(name);
  assert.ok(held);
  const other = secret(name, { 'tls.key': 'oops' }).data;
  const damaged = { ...held, data: { ...held.data, ...other } };
  assert.equal(judge({ ...world, secrets: new Map([...world.secrets, [name, damaged]]) }).mint.length, 1);
});

function judge(world: World) {
  const index = indexWorld(world);
  const subject = index.fleets[0];
  assert.ok(subject);
  return resolveListenerCertificate(index, subject, resolveFleetKeys(index, subject).keys);
}

async function withCertificate(world: World): Promise<World> {
  let current = world;
  for (let round = 0; round < 2; round++) {
    const index = indexWorld(current);
    const requests = [...resolveFleetKeys(index, fleet).mint, ...judge(current).mint];
    const made = await Promise.all(requests.map((request) => mint(request, { now: () => current.now, randomBytes })));
    const secrets = made.map((wanted) => [refKey(wanted.ref), applied(wanted)] as const);
    current = { ...current, secrets: new Map([...current.secrets, ...secrets]) };
  }
  return current;
}
