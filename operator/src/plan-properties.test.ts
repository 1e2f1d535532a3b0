// What holds for every world: order does not matter, nobody sends for a domain that does not let them, nothing that was
// refused reaches a node, and taking either side away withdraws the binding, whatever was published before.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { fromShards, toShards, type PlatformPolicy } from '@relayfleet/contract/snapshot.ts';
import fc from 'fast-check';
import { mint } from './mint/mint.ts';
import { plan } from './plan-world.ts';
import { createKeyReader } from './reconcile/signing-key.ts';
import { advanceEntries } from './snapshot/entries.ts';
import {
  applied,
  emptyWorld,
  namespace,
  relayDomain,
  relayFleet,
  secret,
  senderPlatform,
  testNow,
} from './testing/objects.ts';
import type { FleetObservation, World } from './world.ts';

type Allowed = RelayFleet['spec']['allowedDomains']['namespaces'];

const names = ['a', 'b'] as const;
const teams = ['x', 'y'] as const;
const readKey = createKeyReader();
const fleetKeys = await mintedFleetKeys();
const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const namespaceName = fc.constantFrom(...names);
const day = fc.integer({ min: 1, max: 3 }).map((n) => `2026-01-0${n}T00:00:00Z`);
const allowed: fc.Arbitrary<Allowed> = fc.oneof(
  fc.constantFrom<Allowed>({ from: 'All' }, { from: 'Same' }, { from: 'None' }),
  fc.constantFrom(...teams).map((team): Allowed => ({ from: 'Selector', selector: { matchLabels: { team } } })),
);
const fleet = (position: number) =>
  fc.record({ allowed, suffixes: fc.constantFrom([], ['example'], ['two.example']) }).map((f) =>
    relayFleet(`a/f${position}`, {
      allowedDomains: { namespaces: f.allowed, suffixes: f.suffixes },
      nats: { ...relayFleet('a/f').spec.nats, url: `nats://n${position}:4222` },
    }),
  );
const domain = (position: number) =>
  fc
    .record({
      ns: namespaceName,
      created: day,
      domain: fc.constantFrom('one.example', 'sub.two.example'),
      fleetRefs: fc.uniqueArray(fc.record({ name: fc.constantFrom('f0', 'f1', 'gone'), namespace: fc.constant('a') }), {
        maxLength: 3,
        selector: refKey,
      }),
      allowed,
      key: fc.constantFrom('good', 'good', 'good', 'damaged', 'absent'),
      suspended: fc.boolean(),
    })
    .map((d) =>
      relayDomain(
        `${d.ns}/d${position}`,
        {
          domain: d.domain,
          ...(d.fleetRefs.length > 0 && { fleetRefs: d.fleetRefs }),
          allowedPlatforms: { namespaces: d.allowed },
          dkim: { algorithms: ['Ed25519'], keyRefs: [{ selector: 's', name: d.key }] },
          suspended: d.suspended,
        },
        { creationTimestamp: d.created },
      ),
    );
const platform = (position: number) =>
  fc
    .record({
      ns: namespaceName,
      refs: fc.array(fc.record({ name: fc.constantFrom('d0', 'd1', 'd2', 'd3'), namespace: namespaceName }), {
        minLength: 1,
        maxLength: 4,
      }),
      password: fc.constantFrom('minted', 'good', 'damaged', 'absent'),
    })
    .map((p) =>
      senderPlatform(`${p.ns}/p${position}`, {
        domainRefs: p.refs.map((ref) => ({ ...ref, from: ['*'] })),
        auth: {
          type: 'Password',
          ...(p.password !== 'minted' && { passwordRef: { name: p.password, key: 'password' } }),
        },
      }),
    );
const bareWorld: fc.Arbitrary<World> = fc
  .record({
    fleets: fc.tuple(fleet(0), fleet(1)),
    domains: fc.tuple(domain(0), domain(1), domain(2), domain(3)),
    platforms: fc.tuple(platform(0), platform(1), platform(2)),
    labels: fc.tuple(...names.map(() => fc.constantFrom(...teams))),
    defaultFleet: fc.record({ namespace: fc.constant('a'), name: fc.constantFrom('f0', 'f1') }),
  })
  .map(({ labels, ...world }) =>
    emptyWorld({
      ...world,
      namespaces: names.map((name, position) => namespace(name, { team: labels[position] ?? 'x' })),
      secrets: secretsFor(world),
    }),
  );

/** A world whose buckets hold what another world wanted, acknowledged by one node. */
const world: fc.Arbitrary<World> = fc.tuple(bareWorld, bareWorld, fc.boolean()).map(([before, now, same]) => ({
  ...now,
  observations: publish(same ? now : before),
}));

test('the order in which objects arrived does not matter', () => {
  fc.assert(
    fc.property(world, (given) => {
      const shuffled: World = {
        ...given,
        fleets: given.fleets.toReversed(),
        domains: given.domains.toReversed(),
        platforms: given.platforms.toReversed(),
        namespaces: given.namespaces.toReversed(),
        secrets: new Map([...given.secrets].toReversed()),
      };
      assert.deepEqual(plan(shuffled, readKey), plan(given, readKey));
    }),
  );
});

test('a platform sends only for domains that let its namespace in, on fleets that let the domain in', () => {
  fc.assert(
    fc.property(world, (given) => {
      for (const { fleet, content } of plan(given, readKey).snapshots)
        for (const entry of content.platforms)
          for (const { domain } of entry.senders) {
            const owner = given.platforms.find(({ metadata }) => refKey(metadata) === refKey(entry.ref));
            const named = owner?.spec.domainRefs.map(refOrThrow) ?? [];
            const agreeing = given.domains.filter(
              (candidate) =>
                candidate.spec.domain === domain &&
                named.includes(refKey(candidate.metadata)) &&
                lets(
                  given,
                  candidate.spec.allowedPlatforms.namespaces,
                  candidate.metadata.namespace,
                  entry.ref.namespace,
                ) &&
                fleetTakes(given, refKey(fleet), candidate),
            );
            assert.ok(agreeing.length > 0, `${refKey(entry.ref)} sends for ${domain} on ${refKey(fleet)}`);
          }
    }),
    { numRuns: 300 },
  );
});

test('a snapshot holds accepted domains only, each once, and reads back whole', () => {
  fc.assert(
    fc.property(world, (given) => {
      const { snapshots, statuses } = plan(given, readKey);
      for (const { fleet, content } of snapshots) {
        for (const { ref } of content.domains) {
          const status = statuses.find((entry) => entry.kind === 'RelayDomain' && refKey(entry.ref) === refKey(ref));
          assert.ok(status?.kind === 'RelayDomain');
          const binding = status.status.fleets?.find((entry) => refKey(entry) === refKey(fleet));
          assert.equal(binding?.conditions?.find(({ type }) => type === 'Accepted')?.status, 'True');
        }
        assert.equal(new Set(content.domains.map(({ domain }) => domain)).size, content.domains.length);
        const read = fromShards(1, toShards(content));
        assert.ok(read.ok && read.value.domains.size === content.domains.length);
        assert.ok(
          content.platforms.every(({ senders }) => senders.every(({ domain }) => read.value.domains.has(domain))),
        );
      }
    }),
  );
});

test('what a side withdraws is out of every snapshot at once, whatever was published; whose mail may wait still rules it', () => {
  fc.assert(
    fc.property(world, fc.constantFrom('domains', 'fleets', 'platform refs', 'domain refs'), (given, side) => {
      const none = { namespaces: { from: 'None' as const } };
      const nowhere = [{ name: 'nowhere', namespace: 'a' }];
      const withdrawn: World = {
        ...given,
        fleets: given.fleets.map((f) => (side === 'fleets' ? withSpec(f, { allowedDomains: none }) : f)),
        domains: given.domains.map((d) =>
          withSpec(d, {
            ...(side === 'domains' && { allowedPlatforms: none }),
            ...(side === 'domain refs' && { fleetRefs: nowhere }),
          }),
        ),
        platforms: given.platforms.map((p) =>
          side === 'platform refs' ? withSpec(p, { domainRefs: [{ ...nowhere[0]!, from: ['*'] }] }) : p,
        ),
      };
      for (const { fleet, content } of plan(withdrawn, readKey).snapshots) {
        const known = given.observations.get(refKey(fleet))?.published?.content.platforms ?? [];
        const there = known.filter(({ ref }) =>
          given.platforms.some(({ metadata }) => refKey(metadata) === refKey(ref)),
        );
        assert.deepEqual(
          content.platforms.map(({ username, senders, secrets, draining }) => ({
            username,
            senders,
            secrets,
            draining,
          })),
          there.map(({ username }) => ({ username, senders: [], secrets: [], draining: true })),
        );
        if (side === 'fleets' || side === 'domain refs') assert.deepEqual(content.domains, []);
      }
    }),
  );
});

test('Secrets that are gone change nothing that is in force, but for passwords that came from them', () => {
  const gone = fc.uniqueArray(fc.constantFrom('good', 'nats-operator', 'nats-node', 'smtp'), { minLength: 1 });
  fc.assert(
    fc.property(bareWorld, gone, (given, kinds) => {
      const hashed = withHashes(given);
      const inForce: World = { ...hashed, observations: publish(hashed) };
      const kept = [...inForce.secrets].filter(([key]) => !kinds.some((kind) => key.endsWith(kind)));
      const without = plan({ ...inForce, secrets: new Map(kept) }, readKey).snapshots;
      const expected = plan(inForce, readKey).snapshots.map(({ fleet, content }) => ({
        fleet,
        content: {
          ...content,
          platforms: content.platforms.map((entry) =>
            entry.secretRef !== undefined && kinds.includes('good') ? drained(entry) : entry,
          ),
        },
      }));
      assert.deepEqual(
        without.map(({ fleet, content }) => ({ fleet, content })),
        expected,
      );
    }),
    { numRuns: 300 },
  );
});

test('Ready is the sum of the other conditions, and what is not ready is Reconciling or Stalled', () => {
  fc.assert(
    fc.property(world, (given) => {
      const { statuses } = plan(given, readKey);
      assert.equal(statuses.length, given.fleets.length + given.domains.length + given.platforms.length);
      for (const { status } of statuses) {
        const states = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
        const sound = ['Accepted', 'ResolvedRefs', 'Programmed'].every((type) => states.get(type)?.status === 'True');
        const suspended = states.get('Ready')?.reason === 'Suspended';
        assert.equal(states.get('Ready')?.status, sound && !suspended ? 'True' : 'False');
        assert.equal(states.has('Reconciling') !== states.has('Stalled'), !sound);
        assert.ok([...states.values()].every(({ message }) => message !== ''));
      }
    }),
  );
});

/** Nobody logs in any more; its suspension, lane and retries rule what waits. */
function drained({ secretRef: _gone, ...entry }: PlatformPolicy): PlatformPolicy {
  return { ...entry, secrets: [], senders: [], draining: true };
}

function publish(before: World): ReadonlyMap<string, FleetObservation> {
  return new Map(
    plan(before, readKey).snapshots.map(({ fleet, content, digest, entries }) => {
      const versions = advanceEntries(undefined, entries, 3);
      const node = { v: 1 as const, node: 'n', version: '1', at: testNow, keyIds: [], ready: true, problems: [] };
      const observation: FleetObservation = {
        nats: { ok: true },
        published: { generation: 3, digest, at: testNow, content, entries: versions },
        acknowledgements: [{ ...node, generation: 3, highestSeen: 3 }],
      };
      return [refKey(fleet), observation] as const;
    }),
  );
}

/** With every password hashed that can be. */
function withHashes(given: World): World {
  const hash = { kind: 'scrypt', salt: 's', hash: 'h', n: 2, r: 1, p: 1 } as const;
  return {
    ...given,
    passwordHashes: new Map(plan(given, readKey).hash.map(({ uid, digest }) => [uid, { digest, hash }])),
  };
}

function secretsFor(world: Pick<World, 'fleets' | 'platforms'>): World['secrets'] {
  const everywhere = names.flatMap((ns) => [
    secret(`${ns}/good`, { 'private-key': signingKey, password: 'correct-horse-battery' }),
    secret(`${ns}/damaged`, { 'private-key': 'oops', password: 'short' }),
    secret(`${ns}/nats-operator`, { username: 'operator', password: 'p' }),
    secret(`${ns}/nats-node`, { username: 'node', password: 'p' }),
  ]);
  const ours = (kind: string, key: string, suffix: string, data: Readonly<Record<string, string>>) => {
    const labels = {
      'app.kubernetes.io/managed-by': 'relayfleet',
      'relayfleet.io/owner-kind': kind,
      'relayfleet.io/owner-name': key.split('/')[1] ?? '',
    };
    return secret(`${key}${suffix}`, data, { labels });
  };
  const owned = [
    ...world.fleets.map(({ metadata }) => ours('RelayFleet', refKey(metadata), '-keys', fleetKeys)),
    ...world.platforms.map(({ metadata }) =>
      ours('SenderPlatform', refKey(metadata), '-smtp', { password: 'A'.repeat(43) }),
    ),
  ];
  return new Map([...everywhere, ...owned].map((item) => [refKey(item.metadata), item]));
}

async function mintedFleetKeys(): Promise<Readonly<Record<string, string>>> {
  const request = plan(
    emptyWorld({
      fleets: [relayFleet('a/f')],
      secrets: new Map([['a/nats-operator', secret('a/nats-operator', { username: 'u', password: 'p' })]]),
    }),
  ).mint[0];
  assert.ok(request);
  const { data } = applied(await mint(request, { now: () => testNow, randomBytes }));
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

/** The border rule told once more, independently of the code under test. */
function lets(given: World, rule: Allowed, home: string, visitor: string): boolean {
  const labels = given.namespaces.find(({ metadata }) => metadata.name === visitor)?.metadata.labels ?? {};
  const team = rule.selector?.matchLabels['team'];
  return (
    rule.from === 'All' ||
    (rule.from === 'Same' && visitor === home) ||
    (rule.from === 'Selector' && labels['team'] === team)
  );
}

function fleetTakes(given: World, key: string, { spec, metadata }: RelayDomain): boolean {
  const target = given.fleets.find((candidate) => refKey(candidate.metadata) === key);
  const refs = spec.fleetRefs?.map(refOrThrow) ?? [refKey(given.defaultFleet)];
  const suffixes = target?.spec.allowedDomains.suffixes ?? [];
  return (
    target !== undefined &&
    refs.includes(key) &&
    lets(given, target.spec.allowedDomains.namespaces, target.metadata.namespace, metadata.namespace) &&
    (suffixes.length === 0 || suffixes.some((suffix) => `.${spec.domain}`.endsWith(`.${suffix}`)))
  );
}

function refOrThrow({ name, namespace: ns }: { readonly name: string; readonly namespace?: string }): string {
  assert.ok(ns);
  return `${ns}/${name}`;
}

function withSpec<T extends RelayFleet | RelayDomain | SenderPlatform>(object: T, spec: Partial<T['spec']>): T {
  return { ...object, spec: { ...object.spec, ...spec } };
}
