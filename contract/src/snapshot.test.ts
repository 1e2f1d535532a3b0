import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ObjectRef } from './object-ref.ts';
import {
  domainPolicyOf,
  fromShards,
  toShards,
  type DomainPolicy,
  type PlatformPolicy,
  type SnapshotContent,
} from './snapshot.ts';

const plain = { noNullPrototype: true } as const;
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const ref = fc.record({ namespace: name, name }, plain);
const suspended = fc.option(fc.record({ reason: text }, plain));
const tlsMode = fc.constantFrom('Opportunistic', 'Require', 'Verify');
const floor = fc.constantFrom('1.2', '1.3');
const smarthost = fc.record(
  {
    host: fc.domain(),
    port: fc.integer({ min: 1, max: 65535 }),
    implicitTls: fc.boolean(),
    tls: tlsMode,
    ca: text,
    auth: fc.record({ username: text, password: text }, plain),
  },
  { ...plain, requiredKeys: ['host', 'port', 'implicitTls', 'tls'] },
);
const route = fc.record(
  {
    name,
    recipientDomains: fc.array(fc.domain(), { maxLength: 3 }),
    via: fc.oneof(
      fc.constant({ kind: 'mx' as const }),
      fc.record(
        { kind: fc.constant('smarthosts' as const), hosts: fc.array(smarthost, { minLength: 1, maxLength: 3 }) },
        plain,
      ),
    ),
  },
  plain,
);
const signer = fc.record(
  { selector: name, algorithm: fc.constantFrom('rsa-sha256', 'ed25519-sha256'), privateKey: text },
  plain,
);
const domains = fc.uniqueArray(
  fc.record(
    {
      ref,
      domain: fc.domain(),
      suspended,
      signers: fc.array(signer, { maxLength: 2 }),
      tls: fc.record({ mode: tlsMode, floor }, plain),
      routes: fc.array(route, { minLength: 1, maxLength: 2 }),
    },
    plain,
  ),
  { selector: ({ domain }) => domain, maxLength: 8 },
);
const secret = fc.oneof(
  fc.record({ kind: fc.constant('hmac-sha256' as const), salt: text, hash: text }, plain),
  fc.record(
    { kind: fc.constant('scrypt' as const), salt: text, hash: text, n: fc.nat(), r: fc.nat(), p: fc.nat() },
    plain,
  ),
);
const platforms = fc.uniqueArray(
  fc.record(
    {
      ref,
      username: fc.string({ minLength: 1, maxLength: 20 }),
      secrets: fc.array(secret, { maxLength: 2 }),
      suspended,
      lane: fc.constantFrom('transactional', 'bulk'),
      senders: fc.array(
        fc.record({ domain: fc.domain(), localParts: fc.array(text, { minLength: 1, maxLength: 2 }) }, plain),
        { maxLength: 2 },
      ),
    },
    plain,
  ),
  { selector: ({ username }) => username, maxLength: 8 },
);
const fleet = fc.record(
  {
    ref,
    uid: text,
    helloName: fc.domain(),
    suspended,
    tlsFloor: floor,
    limits: fc.record(
      {
        maxMessageBytes: fc.nat(),
        maxRecipients: fc.nat(),
        maxConnections: fc.nat(),
        connectionsPerDestination: fc.nat(),
      },
      plain,
    ),
    retry: fc.record({ maxAgeMs: fc.nat() }, plain),
    allowedPrivateNetworks: fc.array(text, { maxLength: 2 }),
  },
  plain,
);
const contents = fc.record({ fleet, domains, platforms }, plain) as fc.Arbitrary<SnapshotContent>;

test('a snapshot comes back from its shards whole', () => {
  fc.assert(
    fc.property(contents, fc.nat(), (content, generation) => {
      const read = fromShards(generation, toShards(content));
      assert.ok(read.ok, read.ok ? '' : read.problem);
      assert.equal(read.value.generation, generation);
      assert.deepEqual(read.value.fleet, content.fleet);
      assert.deepEqual(read.value.domains, new Map(content.domains.map((d) => [d.domain, d])));
      assert.deepEqual(read.value.platforms, new Map(content.platforms.map((p) => [p.username, p])));
    }),
  );
});

test('the order in which objects are read does not change a byte', () => {
  fc.assert(
    fc.property(contents, (content) => {
      const reversed = { ...content, domains: content.domains.toReversed(), platforms: content.platforms.toReversed() };
      assert.deepEqual(toShards(reversed), toShards(content));
    }),
  );
});

test('one edit changes one shard', () => {
  fc.assert(
    fc.property(contents, (content) => {
      fc.pre(content.domains.length > 0);
      const [first, ...others] = content.domains as [DomainPolicy, ...DomainPolicy[]];
      const edited = {
        ...content,
        domains: [{ ...first, suspended: { reason: 'something else, for sure' } }, ...others],
      };
      const [before, after] = [toShards(content), toShards(edited)];
      assert.deepEqual([...after.keys()], [...before.keys()]);
      const changed = [...after].filter(([shard, bytes]) => !Buffer.from(bytes).equals(before.get(shard)!));
      assert.equal(changed.length, 1);
    }),
  );
});

const [sample] = fc.sample(
  contents.filter(({ domains: d, platforms: p }) => d.length > 0 && p.length > 0),
  {
    numRuns: 1,
    seed: 3,
  },
) as [SnapshotContent];
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const domain = sample.domains[0] as DomainPolicy;
const platform = sample.platforms[0] as PlatformPolicy;
const refusals: readonly (readonly [what: string, shard: string, bytes: Uint8Array, problem: RegExp])[] = [
  ['text that is not JSON', 'd1', Buffer.from('{'), /^shard d1: document: not JSON$/],
  ['a newer version', 'd1', json({ v: 2, domains: [] }), /^shard d1: v: /],
  [
    'a domain without routes',
    'd1',
    json({ v: 1, domains: [{ ...domain, routes: [] }] }),
    /^shard d1: domains\.0\.routes: /,
  ],
  [
    'a TLS mode this node does not know',
    'd1',
    json({ v: 1, domains: [{ ...domain, tls: { mode: 'Dane', floor: '1.2' } }] }),
    /^shard d1: domains\.0\.tls\.mode: /,
  ],
  [
    'a kind of secret this node does not know',
    'p1',
    json({ v: 1, platforms: [{ ...platform, secrets: [{ kind: 'plain' }] }] }),
    /^shard p1: platforms\.0\.secrets\.0\.kind: /,
  ],
  [
    'a fleet without limits',
    'fleet',
    json({ v: 1, fleet: { ...sample.fleet, limits: undefined } }),
    /^shard fleet: fleet\.limits: /,
  ],
];
for (const [what, shard, bytes, problem] of refusals)
  test(`${what} is refused with shard and field, and nothing is taken over`, () => {
    const read = fromShards(1, new Map([...toShards(sample), [shard, bytes]]));
    assert.match(read.ok ? 'accepted' : read.problem, problem);
  });

test('without its fleet a snapshot is none', () => {
  const shards = new Map(toShards(sample));
  shards.delete('fleet');
  assert.deepEqual(fromShards(1, shards), { ok: false, problem: 'shard fleet: missing' });
});

test('ten thousand domains make shards far below a message’s limit', () => {
  const many = Array.from({ length: 10_000 }, (_, n) => ({ ...domain, domain: `d${n}.example` }));
  const shards = toShards({ ...sample, domains: many });
  assert.ok(shards.size <= 1 + 2 * 256);
  assert.ok(Math.max(...[...shards.values()].map(({ length }) => length)) < 1_000_000);
});

const ours = { namespace: 'shop', name: 'shop' };
const owners: Readonly<Record<string, readonly [owner: ObjectRef | undefined, found: boolean]>> = {
  'its RelayDomain, be it made anew': [ours, true],
  'one of another namespace': [{ ...ours, namespace: 'rival' }, false],
  'one of another name': [{ ...ours, name: 'second' }, false],
  'none, as an early build accepted it': [undefined, true],
};
for (const [what, [domainRef, found]] of Object.entries(owners))
  test(`an entry finds the domain in force, whose RelayDomain is shop/shop: accepted for ${what}`, () => {
    const policy = { ref: ours, domain: 'shop.test' } as DomainPolicy;
    const entry = { domain: policy.domain, ...(domainRef && { domainRef }) };
    assert.equal(domainPolicyOf({ domains: new Map([[policy.domain, policy]]) }, entry), found ? policy : undefined);
    assert.equal(domainPolicyOf({ domains: new Map() }, entry), undefined);
  });
