import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { mint } from './mint/mint.ts';
import { drainFinalizer, withdrawFinalizer, type Plan } from './plan.ts';
import { plan } from './plan-world.ts';
import { observedSeven } from '../../test/harness/observed-fleet.ts';
import { applied, emptyWorld, relayDomain, relayFleet, secret, senderPlatform, testNow } from './testing/objects.ts';
import type { DrainObservation, World } from './world.ts';

const held = { finalizers: [drainFinalizer] };
const leaving = { ...held, deletionTimestamp: '2026-01-15T11:59:00Z' };
const fleet = relayFleet('n/f', {}, { finalizers: [withdrawFinalizer] });
const user = (name: string) => secret(`n/${name}`, { username: 'u', password: 'p' });
const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ownKey = secret('n/own', { 'private-key': ed25519 });
const domainSpec = {
  fleetRefs: [{ name: 'f' }],
  dkim: { algorithms: [], keyRefs: [{ selector: 's', name: 'own' }] },
};
const domain = (meta: object = held, spec: object = {}) => relayDomain('n/d', { ...domainSpec, ...spec }, meta);
const platformSpec = {
  domainRefs: [{ name: 'd', from: ['*'] }],
  auth: { type: 'Password', passwordRef: { name: 'pw', key: 'password' } },
} as const;
const platform = (meta: object = held, spec: object = {}) => senderPlatform('n/p', { ...platformSpec, ...spec }, meta);
const keys = await keysOf();
const base = [user('nats-operator'), user('nats-node'), keys, ownKey];

function world(over: Partial<World> = {}): World {
  return emptyWorld({
    fleets: [fleet],
    domains: [domain()],
    platforms: [],
    secrets: new Map(base.map((item) => [refKey(item.metadata), item])),
    ...over,
  });
}

async function keysOf() {
  const secrets = new Map([['n/nats-operator', user('nats-operator')]]);
  const [request] = plan(emptyWorld({ fleets: [fleet], secrets })).mint;
  assert.ok(request);
  return applied(await mint(request, { now: () => testNow, randomBytes }));
}

type Seen = {
  /** Whose wish the bucket holds, as generation 7; the world itself where it is not said. */
  readonly published?: World;
  readonly nodes?: readonly Partial<Acknowledgement>[];
  readonly drains?: Record<string, DrainObservation>;
  readonly nats?: string;
};

/** The world with what is observed of it. */
function observed(given: World, { published = given, nodes = [{}], drains = {}, nats }: Seen = {}): World {
  const known = {
    ...published,
    observations: new Map([['n/f', { nats: { ok: true }, acknowledgements: [] } as const]]),
  };
  const observation = { ...observedSeven(known, nodes, nats), drains: new Map(Object.entries(drains)) };
  return { ...given, observations: new Map([['n/f', observation]]) };
}

const domainUid = domain().metadata.uid;
const empty = { entries: 0, emptyLooks: 2 };
const released = ({ finalizers }: Plan) =>
  finalizers.flatMap(({ kind, release }) => (release ? `${kind} ${release.how}` : []));
const ready = ({ statuses }: Plan, kind: string) =>
  statuses.find((status) => status.kind === kind)?.status.conditions?.find(({ type }) => type === 'Ready');
const programmed = ({ statuses }: Plan, kind: string) => {
  const { status } = statuses.find((each) => each.kind === kind) ?? {};
  const { reason, message } = status?.conditions?.find(({ type }) => type === 'Programmed') ?? {};
  return `${reason}: ${message}`;
};
const wantedDrains = ({ connections }: Plan) => connections.flatMap(({ drains }) => drains);

test('a domain or platform that is accepted gets the finalizer, once; one that nobody accepts gets none', () => {
  const fresh = world({ domains: [domain({})], platforms: [platform({})] });
  const wanted = plan(fresh).finalizers.map(({ kind, release }) => [kind, release]);
  assert.deepEqual(wanted, [
    ['RelayDomain', undefined],
    ['SenderPlatform', undefined],
  ]);
  assert.deepEqual(plan(world({ platforms: [platform()] })).finalizers, []);
  assert.deepEqual(plan(world({ domains: [domain({}, { fleetRefs: [{ name: 'gone' }] })] })).finalizers, []);
});

test('a deleted domain stays in the snapshot, draining, until two looks found its queue empty', () => {
  const given = world({ domains: [domain(leaving)] });
  const look = (drain: DrainObservation | undefined) =>
    plan(observed(given, drain ? { drains: { [domainUid]: drain } } : {}));
  assert.deepEqual(
    look(undefined).snapshots[0]?.content.domains.map((each) => [each.domain, each.draining]),
    [['example.com', true]],
  );
  for (const waiting of [undefined, { entries: 3, emptyLooks: 0 }, { entries: 0, emptyLooks: 1 }])
    assert.deepEqual(released(look(waiting)), []);
  assert.deepEqual(released(look(empty)), ['RelayDomain Drained']);
  assert.deepEqual(
    look(empty).statuses.map(({ kind }) => kind),
    ['RelayFleet'],
    'what may go needs no status',
  );
});

test('an empty queue proves nothing while some node may take mail for it', () => {
  const given = world({ domains: [domain(leaving)] });
  const drains = { [domainUid]: empty };
  for (const seen of [
    { published: world() },
    { nodes: [{ generation: 7 }, { node: 'y', generation: 6 }] },
    { nats: 'no answer' },
  ]) {
    const wanted = plan(observed(given, { drains, ...seen }));
    assert.deepEqual(released(wanted), []);
    assert.equal(wantedDrains(wanted)[0]?.closed, false);
  }
  assert.deepEqual(released(plan(observed(given, { drains, nodes: [{ generation: 6, ready: false }] }))), [
    'RelayDomain Drained',
  ]);
  assert.equal(wantedDrains(plan(observed(given)))[0]?.closed, true);
});

test('its status counts what is left, and says what it waits for and what can be done', () => {
  const told = (given: World, seen: Seen = { drains: { [domainUid]: { entries: 3, emptyLooks: 0 } } }) => {
    const condition = ready(plan(observed(given, seen)), 'RelayDomain');
    assert.equal(condition?.reason, 'Draining');
    return condition.message;
  };
  const domains = [domain(leaving)];
  assert.match(
    told(world({ domains })),
    /3 queue entries .* delivered, or returned .*relayfleet\.io\/on-delete=drop drops them/,
  );
  assert.match(told(world({ domains }), {}), /unknown number .* being looked at.*on-delete=abandon lets it go/);
  assert.match(told(world({ domains }), { nats: 'no answer' }), /no answer.*on-delete=abandon lets it go/);
  assert.match(
    told(world({ domains: [domain(leaving, { suspended: true })] })),
    /held because RelayDomain n\/d is suspended/,
  );
  const suspended = { domains, platforms: [platform(held, { suspended: true })] };
  assert.match(told(world(suspended)), /held because SenderPlatform n\/p is suspended/);
});

test('on the word drop its mail is to be dropped, and it goes when nothing is left', () => {
  const given = world({ domains: [domain({ ...leaving, annotations: { 'relayfleet.io/on-delete': 'drop' } })] });
  const waiting = plan(observed(given, { drains: { [domainUid]: { entries: 3, emptyLooks: 0 } } }));
  assert.deepEqual(wantedDrains(waiting), [
    { kind: 'RelayDomain', uid: domainUid, filter: { domain: 'example.com' }, closed: true, drop: true },
  ]);
  assert.match(ready(waiting, 'RelayDomain')?.message ?? '', /3 queue entries .* being dropped/);
  assert.deepEqual(released(plan(observed(given, { drains: { [domainUid]: empty } }))), ['RelayDomain Dropped']);
});

test('on the word abandon it goes at once, whatever is left and whether NATS answers', () => {
  const given = world({ domains: [domain({ ...leaving, annotations: { 'relayfleet.io/on-delete': 'abandon' } })] });
  for (const seen of [{ nats: 'no answer' }, { drains: { [domainUid]: { entries: 3, emptyLooks: 0 } } }])
    assert.deepEqual(released(plan(observed(given, seen))), ['RelayDomain Abandoned']);
  const counted = plan(observed(given, { drains: { [domainUid]: { entries: 3, emptyLooks: 0 } } }));
  const release = counted.finalizers.find(({ release }) => release?.how === 'Abandoned')?.release;
  assert.deepEqual(release, { how: 'Abandoned', problem: '3 queue entries of its mail are left', entries: 3 });
  const odd = world({ domains: [domain({ ...leaving, annotations: { 'relayfleet.io/on-delete': 'whatever' } })] });
  assert.deepEqual(released(plan(observed(odd))), [], 'a word nobody knows loses nothing');
});

test('nothing is waited for where no fleet is left that could send it', () => {
  const domains = [domain(leaving)];
  assert.deepEqual(released(plan(world({ fleets: [], domains }))), ['RelayDomain NoFleet']);
  const neverPublished = world({ domains });
  assert.deepEqual(released(plan(neverPublished)), ['RelayDomain NoFleet']);
  const going = relayFleet('n/f', {}, { finalizers: [withdrawFinalizer], deletionTimestamp: '2026-01-15T11:59:00Z' });
  const both = observed(world({ domains }));
  assert.deepEqual(released(plan({ ...both, fleets: [going] })).at(-1), 'RelayDomain NoFleet');
});

test('a deleted platform cannot log in, but its suspension and its retries rule its mail until that has left', () => {
  const secrets = new Map(
    [...base, secret('n/pw', { password: 'a-good-long-password' })].map((item) => [refKey(item.metadata), item]),
  );
  const spec = { suspended: true, retry: { maxAge: '5m' } };
  const given = world({ platforms: [platform(leaving, spec)], secrets });
  const uid = platform().metadata.uid;
  const [entry] = plan(observed(given)).snapshots[0]?.content.platforms ?? [];
  assert.deepEqual(
    [entry?.secrets, entry?.senders, entry?.suspended !== null, entry?.retry, entry?.draining],
    [[], [], true, { maxAgeMs: 300_000 }, true],
  );
  const waiting = plan(observed(given, { drains: { [uid]: { entries: 1, emptyLooks: 0 } } }));
  assert.deepEqual(wantedDrains(waiting)[0]?.filter, { platform: { namespace: 'n', name: 'p' } });
  assert.match(ready(waiting, 'SenderPlatform')?.message ?? '', /held because SenderPlatform n\/p is suspended/);
  assert.deepEqual(released(plan(observed(given, { drains: { [uid]: empty } }))), ['SenderPlatform Drained']);
});

const drop = { ...leaving, annotations: { 'relayfleet.io/on-delete': 'drop' } };
const barred = relayFleet(
  'n/f',
  { allowedDomains: { namespaces: { from: 'None' } } },
  { finalizers: [withdrawFinalizer] },
);
const elsewhere = { domainRefs: [{ name: 'gone', from: ['*'] }] };

test('a platform that names its domain no more drains where nodes know it, and is dropped on the word', () => {
  const uid = platform().metadata.uid;
  const published = world({ platforms: [platform(leaving, { suspended: true })] });
  const edited = platform(drop, { suspended: true, ...elsewhere });
  for (const given of [
    world({ platforms: [edited] }),
    world({ fleets: [barred], platforms: [platform(drop, { suspended: true })] }),
    world({ domains: [], platforms: [platform(drop, { suspended: true })] }),
  ]) {
    const waiting = plan(observed(given, { published, drains: { [uid]: { entries: 500, emptyLooks: 0 } } }));
    assert.deepEqual(released(waiting), []);
    assert.deepEqual(wantedDrains(waiting), [
      { kind: 'SenderPlatform', uid, filter: { platform: { namespace: 'n', name: 'p' } }, closed: true, drop: true },
    ]);
    assert.deepEqual(
      waiting.snapshots[0]?.content.platforms.map((each) => [each.suspended !== null, each.draining]),
      [[true, true]],
    );
    assert.deepEqual(released(plan(observed(given, { published, drains: { [uid]: empty } }))), [
      'SenderPlatform Dropped',
    ]);
  }
});

test('a domain that drains goes on draining when the fleet lets it go meanwhile, but not in the place of its next holder', () => {
  const published = world({ domains: [domain(leaving)] });
  for (const given of [
    world({ domains: [domain(drop, { fleetRefs: [{ name: 'gone' }] })] }),
    world({ domains: [domain(drop)], fleets: [barred] }),
  ]) {
    const waiting = plan(observed(given, { published, drains: { [domainUid]: { entries: 3, emptyLooks: 0 } } }));
    assert.deepEqual(released(waiting), []);
    assert.deepEqual(
      wantedDrains(waiting).map((each) => [each.uid, each.closed, each.drop]),
      [[domainUid, true, true]],
    );
    assert.deepEqual(
      waiting.snapshots[0]?.content.domains.map((each) => [each.domain, each.draining]),
      [['example.com', true]],
    );
    assert.deepEqual(released(plan(observed(given, { published, drains: { [domainUid]: empty } }))), [
      'RelayDomain Dropped',
    ]);
  }
  const next = relayDomain('n/next', domainSpec, held);
  const taken = world({ domains: [domain(drop, { fleetRefs: [{ name: 'gone' }] }), next] });
  const handed = plan(observed(taken, { published }));
  assert.deepEqual(released(handed), ['RelayDomain NoFleet']);
  assert.deepEqual(wantedDrains(handed), [], 'the mail of another is not dropped');
  assert.deepEqual(
    handed.snapshots[0]?.content.domains.map(({ ref }) => ref.name),
    ['next'],
  );
});

test('who is bound nowhere waits until it is known what the nodes of a fleet were told', () => {
  const told = { ...fleet, status: { config: { generation: 7 } } } as typeof fleet;
  const given = world({ fleets: [told], platforms: [platform(leaving, elsewhere)] });
  const starting = plan(given);
  assert.deepEqual(released(starting), []);
  assert.match(ready(starting, 'SenderPlatform')?.message ?? '', /n\/f: connecting to its NATS.*on-delete=abandon/);
  assert.deepEqual(released(plan(observed(given, { published: world() }))), ['SenderPlatform NoFleet']);
  const other = relayFleet('n/other', { nats: { ...fleet.spec.nats, url: 'nats://other:4222' } });
  const away = { ...other, status: { config: { generation: 3 } } } as typeof fleet;
  const bound = observed(world({ platforms: [platform(leaving)] }), { drains: { [platform().metadata.uid]: empty } });
  assert.deepEqual(
    released(plan({ ...bound, fleets: [fleet, away] })),
    ['SenderPlatform Drained'],
    'a fleet it has nothing to do with holds up nobody who is bound',
  );
});

test('what all nodes know of it counts, not whether they know of later edits to others', () => {
  const seen = observed(world({ platforms: [platform(leaving)] }), { drains: { [platform().metadata.uid]: empty } });
  const { published, ...rest } = seen.observations.get('n/f')!;
  assert.ok(published);
  const later = { ...rest, published: { ...published, generation: 8 } };
  assert.deepEqual(released(plan({ ...seen, observations: new Map([['n/f', later]]) })), ['SenderPlatform Drained']);
});

test('a domain that drains keeps its claim before a younger one, and gives it up when it is gone', () => {
  const younger = relayDomain(
    'm/d',
    { ...domainSpec, fleetRefs: [{ name: 'f', namespace: 'n' }] },
    { creationTimestamp: '2026-01-10T00:00:00Z', ...held },
  );
  const refusal = (given: World) =>
    plan(observed(given)).statuses.find(({ ref }) => ref.namespace === 'm')?.status.conditions?.[0];
  const conflict = refusal(world({ domains: [domain(leaving), younger] }));
  assert.deepEqual([conflict?.reason, conflict?.status], ['DomainConflict', 'False']);
  assert.match(conflict?.message ?? '', /n\/d holds example\.com .* being deleted/);
  assert.equal(refusal(world({ domains: [domain({ ...leaving, finalizers: [] }), younger] }))?.status, 'True');
});

test('a successor under the same name inherits nothing of what drained', () => {
  const withPassword = [...base, secret('n/pw', { password: 'a-good-long-password' })];
  const all = new Map(withPassword.map((item) => [refKey(item.metadata), item]));
  const drained = world({ domains: [domain(leaving)], platforms: [platform(leaving)], secrets: all });
  const none = new Map(all);
  none.delete('n/own');
  const keyless = plan(observed(world({ domains: [domain()], secrets: none }), { published: drained }));
  assert.deepEqual(keyless.snapshots[0]?.content.domains, [], 'not the key');
  const fresh = plan(observed(world({ platforms: [platform()], secrets: all }), { published: drained }));
  assert.deepEqual(
    fresh.snapshots[0]?.content.platforms.map(({ secrets, draining }) => [secrets, draining]),
    [[[], true]],
    'not the missing password: it is being hashed',
  );
  assert.match(programmed(fresh, 'SenderPlatform'), /Pending: the password is being/);
});
