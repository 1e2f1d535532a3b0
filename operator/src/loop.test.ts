import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { createLoop, type LoopDeps } from './loop.ts';
import { mint } from './mint/mint.ts';
import { hashPassword } from './mint/password.ts';
import { withdrawFinalizer, type Plan, type WantedFinalizer, type WantedSecret, type WantedStatus } from './plan.ts';
import type { Observed, Provider, Written } from './provider/provider.ts';
import { secret, senderPlatform } from './testing/objects.ts';
import type { World } from './world.ts';

const today = Date.UTC(2026, 0, 2);
const otherSecrets = new Set<string>();
const ok: Written = { ok: true, changed: true };

const fleet = {
  apiVersion: 'relayfleet.io/v1alpha1',
  kind: 'RelayFleet',
  metadata: { name: 'f', namespace: 'n', uid: 'u', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    replicas: 2,
    listeners: [{ name: 'submissions', port: 465, mode: 'Implicit' }],
    tls: { minVersion: '1.2' },
    nats: {
      url: 'nats://manifest:4222',
      operatorCredentialsRef: { name: 'o' },
      nodeCredentialsRef: { name: 'o' },
      replicas: 1,
      storage: '1Gi',
    },
    allowedDomains: { namespaces: { from: 'Same' } },
    egress: { allowedPrivateNetworks: [] },
    limits: { maxMessageBytes: 65536, maxRecipients: 1, maxConnections: 1, connectionsPerDestination: 1 },
    retry: { maxAge: '1h', schedule: ['1m'], delayNoticeAfter: '0s' },
    retention: { events: '1h' },
    suspended: false,
  },
} as unknown as RelayFleet;

function secretOf({ ref, type, labels, data }: Pick<WantedSecret, 'ref' | 'type' | 'labels' | 'data'>): Secret {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  const metadata = { ...ref, uid: refKey(ref), generation: 0, creationTimestamp: '2026-01-01T00:00:00Z', labels };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type, data: Object.fromEntries(encoded) };
}

/** A loop over a provider in memory; `pass` lets it work until nothing more is due at once. */
function setUp(overrides: Partial<Provider> = {}) {
  const credentials = {
    ref: { namespace: 'n', name: 'o' },
    type: 'Opaque' as const,
    labels: {},
    data: { username: 'u', password: 'p' },
  };
  const secrets = new Map([['n/o', secretOf(credentials)]]);
  const statuses = new Map<string, WantedStatus>();
  const plans: Plan[] = [];
  const worlds: World[] = [];
  const settled: string[] = [];
  const failures: unknown[] = [];
  const timers: { ms: number; callback: () => void }[] = [];
  const links: string[] = [];
  const observed: Observed = {
    fleets: [fleet],
    domains: [],
    platforms: [],
    namespaces: [],
    secrets,
    otherSecrets,
    invalid: [],
  };
  const provider: Provider = {
    start: async () => undefined,
    read: () => observed,
    async applySecret(wanted) {
      secrets.set(refKey(wanted.ref), secretOf(wanted));
      return ok;
    },
    async writeStatus(wanted) {
      statuses.set(refKey(wanted.ref), wanted);
      return { ok: true, changed: false };
    },
    writeFinalizer: async () => ({ ok: true, changed: false }),
    noteGeneration: async () => ok,
    problems: () => [],
    close: async () => undefined,
    ...overrides,
  };
  const deps: LoopDeps = {
    provider,
    links: {
      want: ({ connections }) => void links.push(connections.map(({ account }) => account?.url).join()),
      observations: () => new Map(),
      close: async () => undefined,
    },
    mint: (request) => mint(request, { now: () => today, randomBytes }),
    hash: hashPassword,
    fixed: { defaultFleet: { namespace: 'n', name: 'f' }, endpoints: new Map(), natsUrl: 'nats://override:1' },
    now: () => today,
    monotonic: () => 0,
    random: () => 0,
    later(ms, callback) {
      const timer = { ms, callback };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
    },
    events: {
      planned: (world, plan) => void (worlds.push(world), plans.push(plan)),
      planFailed: (cause) => void failures.push(cause),
      released: ({ kind, ref }, { how }) => void settled.push(`released ${kind} ${refKey(ref)} ${how}`),
      stepSettled: (step, key, result) => void settled.push(`${step} ${key} ${result.ok ? 'ok' : result.problem}`),
    },
  };
  const loop = createLoop(deps);
  /** Rings every timer of at most `ms` and waits for what that begins. */
  const ring = async (ms: number) => {
    for (const timer of timers.filter((due) => due.ms <= ms)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.callback();
    }
    await new Promise(setImmediate);
  };
  return { loop, plans, worlds, settled, failures, secrets, statuses, links, timers, ring };
}

test('a fleet gets its keys once, its other Secrets after them, and a status', async () => {
  const { loop, settled, secrets, statuses, links, ring } = setUp();
  loop.trigger();
  while (secrets.size < 4) await ring(20);
  const digest = () =>
    createHash('sha256')
      .update(JSON.stringify([...secrets]))
      .digest('hex');
  const before = digest();
  loop.trigger();
  await ring(20);
  await ring(20);
  assert.equal(digest(), before, 'a pass that repeats changes nothing');
  assert.deepEqual(
    settled.filter((line) => line.startsWith('mint n/f-keys')),
    ['mint n/f-keys ok'],
  );
  assert.deepEqual([...secrets.keys()].sort(), ['n/f-bootstrap', 'n/f-keys', 'n/f-listener-tls', 'n/o']);
  assert.equal(statuses.get('n/f')?.kind, 'RelayFleet');
  assert.equal(links.at(-1), 'nats://override:1');
  await loop.stop();
});

test('many triggers make one plan', async () => {
  const { loop, plans, ring } = setUp();
  for (let count = 0; count < 100; count++) loop.trigger();
  await ring(20);
  assert.equal(plans.length, 1);
  await loop.stop();
});

test('a Secret that cannot be written holds up no status, and is written later', async () => {
  let broken = true;
  const written: WantedSecret[] = [];
  const { loop, settled, statuses, ring } = setUp({
    async applySecret(wanted) {
      if (broken) return { ok: false, problem: 'disk full' };
      written.push(wanted);
      return ok;
    },
  });
  loop.trigger();
  while (!settled.includes('mint n/f-keys disk full')) await ring(20);
  assert.ok(statuses.has('n/f'));
  broken = false;
  while (written.length === 0) await ring(1_000);
  assert.equal(written[0]?.ref.name, 'f-keys');
  await loop.stop();
});

test('a fleet that may go loses its finalizer, and that is told once it has', async () => {
  const metadata = { ...fleet.metadata, deletionTimestamp: '2026-01-01T23:00:00Z', finalizers: [withdrawFinalizer] };
  const finalizers: (WantedFinalizer | 'refused')[] = [];
  const { loop, settled, ring } = setUp({
    read: () => ({
      fleets: [{ ...fleet, metadata }],
      domains: [],
      platforms: [],
      namespaces: [],
      secrets: new Map(),
      otherSecrets,
      invalid: [],
    }),
    async writeFinalizer(wanted) {
      finalizers.push(finalizers.length === 0 ? 'refused' : wanted);
      if (finalizers.length === 1) return { ok: false, problem: 'away' };
      return { ok: true, changed: finalizers.length === 2 };
    },
  });
  loop.trigger();
  while (finalizers.length < 3) {
    loop.trigger();
    await ring(1_000);
  }
  assert.deepEqual(finalizers[1], {
    kind: 'RelayFleet',
    ref: { namespace: 'n', name: 'f' },
    uid: 'u',
    release: { how: 'NothingPublished' },
  });
  assert.deepEqual(
    settled.filter((line) => line.startsWith('released')),
    ['released RelayFleet n/f NothingPublished'],
  );
  await loop.stop();
});

test('hashing is told by the name of the platform; one hash is remembered for each platform there is', async () => {
  const named = (name: string) =>
    senderPlatform(`n/${name}`, { auth: { type: 'Password', passwordRef: { name: 'pw', key: 'password' } } });
  let platforms = [named('p'), named('q')];
  let password = 'correct-horse-battery';
  const { loop, settled, worlds, plans, ring } = setUp({
    read: () => ({
      fleets: [],
      domains: [],
      platforms,
      namespaces: [],
      secrets: new Map([['n/pw', secret('n/pw', { password })]]),
      otherSecrets,
      invalid: [],
    }),
  });
  const untilHashed = async () => {
    loop.trigger();
    do await ring(20);
    while (plans.at(-1)?.hash.length !== 0);
  };
  await untilHashed();
  password = 'another-horse-battery';
  await untilHashed();
  const hashed = settled.filter((line) => line.startsWith('hash'));
  assert.deepEqual(hashed.toSorted(), ['hash n/p ok', 'hash n/p ok', 'hash n/q ok', 'hash n/q ok']);
  assert.equal(worlds.at(-1)?.passwordHashes.size, 2);
  platforms = [named('q')];
  await untilHashed();
  assert.equal(worlds.at(-1)?.passwordHashes.size, 1, 'that of a platform that is gone is forgotten');
  await loop.stop();
});

test('a plan that fails is told, and another is made later', async () => {
  let broken = true;
  const { loop, plans, failures, timers, ring } = setUp({
    read: () => {
      if (broken) throw new Error('a bug');
      return { fleets: [], domains: [], platforms: [], namespaces: [], secrets: new Map(), otherSecrets, invalid: [] };
    },
  });
  loop.trigger();
  await ring(20);
  assert.deepEqual([plans.length, failures.length], [0, 1]);
  broken = false;
  assert.equal(timers.length, 1);
  await ring(5_000);
  await ring(20);
  assert.equal(plans.length, 1);
  await loop.stop();
});
