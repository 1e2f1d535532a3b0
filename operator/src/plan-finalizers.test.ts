import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { mint } from './mint/mint.ts';
import { withdrawFinalizer, type WantedFinalizer } from './plan.ts';
import { plan } from './plan-world.ts';
import { observedSeven } from '../../test/harness/observed-fleet.ts';
import { applied, emptyWorld, relayDomain, relayFleet, secret, testNow } from './testing/objects.ts';
import type { World } from './world.ts';

const held = { finalizers: [withdrawFinalizer] };
const deleted = (secondsAgo: number) =>
  relayFleet('n/f', {}, { ...held, deletionTimestamp: new Date(testNow - secondsAgo * 1000).toISOString() });
const user = (name: string) => secret(`n/${name}`, { username: 'u', password: 'p' });
const credentials = [user('nats-operator'), user('nats-node')];
const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ownKey = secret('n/own', { 'private-key': ed25519 });
const domain = relayDomain('n/d', {
  fleetRefs: [{ name: 'f' }],
  dkim: { algorithms: [], keyRefs: [{ selector: 's', name: 'own' }] },
});
const keys = await keysOf();

function world(over: Partial<World>, secrets = [...credentials, keys, ownKey]): World {
  return emptyWorld({
    domains: [domain],
    secrets: new Map(secrets.map((item) => [refKey(item.metadata), item])),
    ...over,
  });
}

async function keysOf() {
  const bare = emptyWorld({
    fleets: [relayFleet('n/f')],
    secrets: new Map([['n/nats-operator', user('nats-operator')]]),
  });
  const [request] = plan(bare).mint;
  assert.ok(request);
  return applied(await mint(request, { now: () => testNow, randomBytes }));
}

/** What the operator sees of a bucket that holds what `before` wanted, as generation 7. */
function observed(before: World, nodes: readonly Partial<Acknowledgement>[], nats?: string): World['observations'] {
  return new Map([['n/f', observedSeven(before, nodes, nats)]]);
}

const running = world({ fleets: [relayFleet('n/f', {}, held)] });
const before = observed(running, [{}]);
/** The bucket holds the withdrawal; nodes have what the test says. */
const withdrawn = (nodes: readonly Partial<Acknowledgement>[]) =>
  observed(world({ fleets: [deleted(1)], observations: before }), nodes);

function fleetFinalizers(given: World): readonly WantedFinalizer[] {
  return plan(given).finalizers.filter(({ kind }) => kind === 'RelayFleet');
}

function releaseIn(given: World): WantedFinalizer['release'] | 'held' {
  const finalizers = fleetFinalizers(given);
  assert.ok(finalizers.length <= 1);
  return finalizers[0] === undefined ? 'held' : finalizers[0].release;
}
const how = (given: World) => {
  const release = releaseIn(given);
  return typeof release === 'object' ? release.how : release;
};

test('every fleet gets the finalizer, once', () => {
  const [wanted] = plan(world({ fleets: [relayFleet('n/f')] })).finalizers;
  assert.deepEqual(wanted, {
    kind: 'RelayFleet',
    ref: { namespace: 'n', name: 'f' },
    uid: 'uid-RelayFleet-n/f',
    release: undefined,
  });
  assert.deepEqual(fleetFinalizers(running), []);
});

test('a deleted fleet is held until its withdrawal is published and every ready node has it', () => {
  const fleets = [deleted(1)];
  assert.equal(how(world({ fleets, observations: before })), 'held', 'not published');
  assert.equal(
    how(world({ fleets, observations: withdrawn([{}, { node: 'y', generation: 6 }]) })),
    'held',
    'one lacks it',
  );
  assert.equal(
    how(world({ fleets, observations: withdrawn([{}, { node: 'y', generation: 6, ready: false }]) })),
    'Withdrawn',
  );
  assert.equal(how(world({ fleets, observations: withdrawn([]) })), 'Withdrawn', 'no node is ready, none takes mail');
});

test('a bucket that still holds what was before is no withdrawal, although no node is ready to take it', () => {
  const observations = observed(running, []);
  assert.equal(how(world({ fleets: [deleted(1)], observations })), 'held');
  assert.equal(how(world({ fleets: [deleted(600)], observations })), 'held', 'being published');
});

test('a withdrawal that every ready node has stays one, whatever goes afterwards', () => {
  const fleets = [deleted(1)];
  const acknowledged = withdrawn([{}, { node: 'y', generation: 6, ready: false }]);
  assert.equal(how(world({ fleets, observations: acknowledged }, [])), 'Withdrawn', 'its Secrets');
  const away = observed(world({ fleets, observations: before }), [{}], 'connection refused');
  assert.equal(how(world({ fleets, observations: away })), 'Withdrawn', 'NATS');
  const nobodyHeard = observed(world({ fleets, observations: before }), [], 'connection refused');
  assert.equal(how(world({ fleets, observations: nobodyHeard })), 'held', 'there may be nodes that have not got it');
  assert.equal(how(world({ fleets: [deleted(60)], observations: nobodyHeard })), 'GivenUp');
  const bySpec = observed(world({ fleets: [relayFleet('n/f', { suspended: true }, held)] }), [{}]);
  assert.equal(how(world({ fleets, observations: bySpec })), 'held', 'it can still be told');
  assert.equal(how(world({ fleets, observations: bySpec }, [])), 'Withdrawn', 'suspended before it was deleted');
});

test('a fleet whose keys went first can be told nothing, and the problem is that', () => {
  const problem = (secondsAgo: number, observations: World['observations'], secrets = credentials) => {
    const release = releaseIn(world({ fleets: [deleted(secondsAgo)], observations }, secrets));
    return typeof release === 'object' && release.how === 'GivenUp' ? release.problem : release;
  };
  assert.equal(problem(59, before), 'held', 'they may come back');
  const gone = /^Secret n\/f-keys does not exist any more, .*: put it back/;
  assert.match(String(problem(60, before)), gone);
  assert.match(String(problem(60, before, [])), gone, 'all of its Secrets have gone; the connection is open');
  assert.deepEqual(plan(world({ fleets: [deleted(1)], observations: before }, credentials)).mint, []);
  assert.match(String(problem(60, withdrawn([{ generation: 6 }]))), /waiting for x/, 'published before they went');
});

test('a deleted fleet says how far it is, until it may go', () => {
  const fleetStatus = (observations: World['observations']) =>
    plan(world({ fleets: [deleted(1)], observations })).statuses.find(({ kind }) => kind === 'RelayFleet')?.status;
  const conditions = fleetStatus(withdrawn([{ generation: 6 }]))?.conditions ?? [];
  const said = conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  assert.ok(said.includes('Programmed False WaitingForNodes') && said.includes('Ready False Suspended'), said.join());
  assert.equal(fleetStatus(withdrawn([{}])), undefined);
});

test('the withdrawal is what nodes hold, suspended, above every generation', () => {
  const { snapshots, connections, mint: wanted } = plan(world({ fleets: [deleted(1)], observations: before }));
  const { content } = before.get('n/f')?.published ?? {};
  assert.ok(content && content.domains.length === 1);
  const suspended = { reason: 'its RelayFleet was deleted' };
  assert.deepEqual(snapshots[0]?.content, { ...content, fleet: { ...content.fleet, suspended } });
  assert.equal(snapshots[0]?.generationFloor, 7);
  assert.deepEqual([connections.length, wanted], [1, []]);
});

test('after a restart a fleet without a known past is suspended all the same', () => {
  const { snapshots } = plan(world({ fleets: [deleted(1)] }));
  assert.deepEqual(snapshots[0]?.content.fleet.suspended, { reason: 'its RelayFleet was deleted' });
});

test('without NATS a deletion waits a minute and no longer, and says why', () => {
  const away = observed(running, [], 'connection refused');
  const at = (secondsAgo: number) => world({ fleets: [deleted(secondsAgo)], observations: away });
  assert.equal(how(at(59)), 'held');
  assert.equal(plan(at(59)).recheckAt, testNow + 1_000);
  const release = releaseIn(at(60));
  assert.ok(typeof release === 'object' && release.how === 'GivenUp' && /connection refused/.test(release.problem));
});

test('a minute that passed while the operator was away does not count before NATS was tried', () => {
  const noted = secret('n/f-keys', texts(keys), { ...keys.metadata, annotations: { 'relayfleet.io/generation': '7' } });
  assert.equal(how(world({ fleets: [deleted(600)] }, [...credentials, noted])), 'held', 'being tried');
  assert.equal(how(world({ fleets: [deleted(600)], observations: before })), 'held', 'being published');
  assert.equal(how(world({ fleets: [deleted(600)], observations: withdrawn([{ generation: 6 }]) })), 'GivenUp');
  assert.equal(how(world({ fleets: [deleted(600)] }, [noted])), 'GivenUp', 'nothing can be tried');
  assert.equal(how(world({ fleets: [deleted(10)] }, [noted])), 'held', 'its Secrets may come back');
});

test('a fleet that never published goes at once', () => {
  assert.equal(how(world({ fleets: [deleted(1)] }, credentials)), 'NothingPublished');
  assert.equal(how(world({ fleets: [deleted(1)] })), 'NothingPublished', 'it has keys, but gave no generation out');
});

test('a fleet that is held by somebody else’s finalizer only has had its last word', () => {
  const over = { deletionTimestamp: new Date(testNow).toISOString(), finalizers: ['somebody.else/waits'] };
  const { finalizers, connections, snapshots } = plan(world({ fleets: [relayFleet('n/f', {}, over)] }));
  assert.deepEqual([finalizers, connections, snapshots], [[], [], []]);
});

test('a deleted fleet keeps its NATS account until it is gone: a successor would overwrite its last word', () => {
  const successor = relayFleet('n/g', {}, { ...held, creationTimestamp: '2026-01-02T00:00:00Z' });
  const leaving = plan(world({ fleets: [deleted(1), successor], observations: before }));
  assert.deepEqual(
    leaving.connections.map(({ fleet }) => fleet.name),
    ['f'],
  );
  const gone = plan(world({ fleets: [successor] }));
  assert.deepEqual(
    gone.connections.map(({ fleet }) => fleet.name),
    ['g'],
  );
});

function texts({ data }: typeof keys): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}
