import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  freshManifestMs,
  judgeManifest,
  openManifest,
  openShard,
  sealShard,
  shardDigest,
  signManifest,
  type Manifest,
  type ShardContext,
} from './seal.ts';

const key = { id: 'k1', key: new Uint8Array(32).fill(7) };
const context: ShardContext = { fleetUid: 'uid-1', name: 'd17', key };
const bytes = fc.uint8Array({ maxLength: 500 });

test('a sealed shard opens to what was sealed, and the same content has the same bytes', () => {
  fc.assert(
    fc.property(bytes, (plain) => {
      const sealed = sealShard(context, plain);
      assert.deepEqual(Buffer.from(openShard(context, sealed)!), Buffer.from(plain));
      assert.deepEqual(sealShard(context, plain), sealed);
    }),
  );
});

test('different contents never share a nonce', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      fc.pre(!Buffer.from(a).equals(b));
      const nonce = (plain: Uint8Array) => Buffer.from(sealShard(context, plain).subarray(0, 12)).toString('hex');
      assert.notEqual(nonce(a), nonce(b));
    }),
  );
});

test('a sealed shard shows nothing of its content', () => {
  const plain = Buffer.from('-----BEGIN PRIVATE KEY-----'.repeat(10));
  assert.ok(!Buffer.from(sealShard(context, plain)).includes('PRIVATE'));
});

test('one bit changed anywhere, or bytes cut, and it does not open', () => {
  const sealed = sealShard(context, Buffer.from('content'));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Uint8Array.from(sealed);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(openShard(context, changed), undefined, `bit ${bit}`);
  }
  for (let end = 0; end < sealed.length; end++) assert.equal(openShard(context, sealed.subarray(0, end)), undefined);
});

test('under another fleet, name, key or key id it does not open', () => {
  const sealed = sealShard(context, Buffer.from('content'));
  for (const other of [
    { ...context, fleetUid: 'uid-2' },
    { ...context, name: 'd18' },
    { ...context, key: { ...key, id: 'k2' } },
    { ...context, key: { ...key, key: new Uint8Array(32).fill(8) } },
  ])
    assert.equal(openShard(other, sealed), undefined);
});

const operator = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const manifest: Manifest = {
  v: 1,
  fleetUid: 'uid-1',
  generation: 5,
  issuedAt: 1_700_000_000_000,
  keyId: 'k1',
  shards: { fleet: { digest: shardDigest(Buffer.from('x')) } },
};

test('a signed manifest opens with the operator’s key, also as one of several', () => {
  const stored = signManifest(manifest, operator.privateKey);
  assert.deepEqual(openManifest(stored, [operator.publicKey]), { ok: true, value: manifest });
  assert.ok(openManifest(stored, [stranger.publicKey, operator.publicKey]).ok);
});

test('a manifest signed by another, changed, cut or not signed at all is refused before it is read', () => {
  const stored = signManifest(manifest, operator.privateKey);
  const json = JSON.stringify(manifest);
  const bare = sign(null, Buffer.from(json), operator.privateKey).toString('base64');
  const refused = [
    signManifest(manifest, stranger.privateKey),
    Buffer.from(Buffer.from(stored).toString().replace('"generation":5', '"generation":6')),
    Buffer.from(json),
    Buffer.from(`\n${json}`),
    Buffer.from(`${bare}\n${json}`), // a signature of the operator's made for something else
    Buffer.from(''),
    stored.subarray(0, -1),
  ];
  for (const bytesStored of refused)
    assert.deepEqual(openManifest(bytesStored, [operator.publicKey]), {
      ok: false,
      problem: 'signature: not made by this fleet’s operator',
    });
  assert.equal(openManifest(stored, []).ok, false);
});

test('bytes that nobody signed never make it throw', () => {
  fc.assert(fc.property(bytes, (stored) => assert.equal(openManifest(stored, [operator.publicKey]).ok, false)));
});

test('a correctly signed manifest of a newer version is refused by name', () => {
  const newer = signManifest({ ...manifest, v: 2 } as unknown as Manifest, operator.privateKey);
  const opened = openManifest(newer, [operator.publicKey]);
  assert.match(opened.ok ? '' : opened.problem, /^v: version 2 is newer than this node understands \(1\)$/);
});

test('a digest is the SHA-256 of the sealed bytes', () => {
  assert.equal(shardDigest(Buffer.from('abc')), createHash('sha256').update('abc').digest('hex'));
});

const now = manifest.issuedAt + 1_000;
const older = { ...manifest, generation: 4, issuedAt: manifest.issuedAt + 5_000 };
const other = { ...manifest, shards: { fleet: { digest: '0'.repeat(64) } } };
const twoShards = (names: readonly string[]): Manifest => ({
  ...manifest,
  shards: Object.fromEntries(names.map((name) => [name, { digest: shardDigest(Buffer.from(name)) }])),
});
const former: Manifest = { ...manifest, fleetUid: 'uid-0', generation: 40 };
const judgements: readonly (readonly [
  what: string,
  next: Manifest,
  current: Manifest | undefined,
  nowMs: number,
  verdict: string,
])[] = [
  ['the first, fresh', manifest, undefined, now, 'Adopt'],
  ['the first, just fresh enough', manifest, undefined, manifest.issuedAt + freshManifestMs, 'Adopt'],
  ['the first, stale', manifest, undefined, manifest.issuedAt + freshManifestMs + 1, 'TooOld'],
  ['the first, from a clock ahead of ours', manifest, undefined, manifest.issuedAt - 60_000, 'Adopt'],
  ['a newer generation', { ...manifest, generation: 6 }, manifest, now, 'Adopt'],
  [
    'a newer generation, stale: the operator may be down, but it was newer',
    { ...manifest, generation: 6 },
    manifest,
    now + 10 * freshManifestMs,
    'Adopt',
  ],
  ['the same, renewed', { ...manifest, issuedAt: now }, manifest, now, 'Renewed'],
  ['the same, its shards in another order', twoShards(['a', 'b']), twoShards(['b', 'a']), now, 'Renewed'],
  ['the same generation with a shard more', twoShards(['a', 'b']), twoShards(['a']), now, 'GenerationReused'],
  ['the same generation with a shard less', twoShards(['a']), twoShards(['a', 'b']), now, 'GenerationReused'],
  ['an older generation, however lately issued', older, manifest, now, 'OlderGeneration'],
  ['the same generation with other content', other, manifest, now, 'GenerationReused'],
  ['the first of the fleet that took the place of ours', { ...manifest, generation: 1 }, former, now, 'Adopt'],
  ['of that fleet, stale', manifest, former, manifest.issuedAt + freshManifestMs + 1, 'TooOld'],
  ['of the fleet whose place was taken', former, manifest, now, 'WrongFleet'],
  ['another fleet’s, newer', { ...manifest, fleetUid: 'uid-2', generation: 9 }, manifest, now, 'WrongFleet'],
  ['another fleet’s, as the first', { ...manifest, fleetUid: 'uid-2' }, undefined, now, 'WrongFleet'],
];
for (const [what, next, current, nowMs, expected] of judgements)
  test(`manifest: ${what} -> ${expected}`, () => {
    const judgement = judgeManifest(next, current, { fleetUid: 'uid-1', nowMs });
    assert.equal(judgement.verdict === 'Refuse' ? judgement.reason : judgement.verdict, expected);
    if (judgement.verdict === 'Refuse') assert.ok(judgement.message.length > 10);
  });
