import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openManifest, openShard, type Manifest } from '@relayfleet/contract/seal.ts';
import { fromShards, type FleetPolicy, type SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import { configKeys } from '@relayfleet/contract/subjects.ts';
import type { WantedSnapshot } from '../plan.ts';
import { digestEntries, digestWhole } from './entries.ts';
import { renewMs } from './next-manifest.ts';
import type { Bucket } from './publish.ts';
import { createPublisher } from './publisher.ts';

const keys = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const fleetKey = { id: 'k1', key: createHash('sha256').update('fleet').digest() };

function wanted(hello: string, changes: Partial<WantedSnapshot> = {}): WantedSnapshot {
  const fleet = { ...policy, helloName: hello };
  const content: SnapshotContent = { fleet, domains: [], platforms: [] };
  const entries = digestEntries(content);
  return {
    fleet: policy.ref,
    fleetUid: 'uid',
    content,
    digest: digestWhole(entries),
    entries,
    seal: { fleetKey, operatorKey: keys.privateKey },
    generationFloor: 0,
    keysSecret: { namespace: 'n', name: 'f-keys' },
    ...changes,
  };
}

const policy: FleetPolicy = {
  ref: { namespace: 'n', name: 'f' },
  uid: 'uid',
  helloName: 'h',
  suspended: null,
  tlsFloor: '1.2',
  limits: { maxMessageBytes: 1, maxRecipients: 1, maxConnections: 1, connectionsPerDestination: 1 },
  retry: { maxAgeMs: 1 },
  allowedPrivateNetworks: [],
};

/** A bucket in memory. `fail` is asked before each call: 'lost' fails before it takes effect, 'unheard' after. */
function memoryBucket() {
  let manifest: { bytes: Uint8Array; revision: number } | undefined;
  let revision = 0;
  const shards = new Map<string, Uint8Array>();
  const world = {
    shards,
    fail: (_call: string): 'lost' | 'unheard' | undefined => undefined,
    manifest: () => manifest?.bytes,
    set(next: typeof manifest) {
      manifest = next;
    },
    copy: () => ({ manifest, shards: new Map(shards) }),
    restore(copy: { manifest: typeof manifest; shards: ReadonlyMap<string, Uint8Array> }) {
      manifest = copy.manifest;
      shards.clear();
      for (const [key, bytes] of copy.shards) shards.set(key, bytes);
    },
  };
  async function call<T>(name: string, effect: () => T): Promise<T> {
    const failure = world.fail(name);
    if (failure === 'lost') throw new Error('timeout');
    const result = effect();
    if (failure === 'unheard') throw new Error('timeout');
    return result;
  }
  const bucket: Bucket = {
    readManifest: () => call('read', () => manifest),
    getShard: (key) => call('get', () => shards.get(key)),
    putShard: (key, bytes) => call('put', () => void shards.set(key, bytes)),
    shardKeys: () => call('keys', () => new Set(shards.keys())),
    putManifest: (bytes, expected) =>
      call('manifest', () => {
        if ((manifest?.revision ?? 0) !== expected) return 'conflict';
        manifest = { bytes, revision: ++revision };
        return 'ok';
      }),
    pruneShards: (keep) =>
      call('prune', () => [...shards.keys()].filter((key) => !keep.has(key) && shards.delete(key)).length),
  };
  return { bucket, world };
}

/** What a relay node sees: undefined while it could not take the bucket over. */
function seen(world: ReturnType<typeof memoryBucket>['world']): { manifest: Manifest; hello: string } | undefined {
  const bytes = world.manifest();
  const opened = bytes && openManifest(bytes, [createPublicKey(keys.publicKey)]);
  if (!opened?.ok) return undefined;
  const plain = Object.entries(opened.value.shards).map(([name, { digest }]) => {
    const sealed = world.shards.get(configKeys.shard(name, digest));
    assert.ok(sealed, 'the manifest names a shard that is not there');
    const open = openShard({ fleetUid: 'uid', name, key: fleetKey }, sealed);
    assert.ok(open);
    return [name, open] as const;
  });
  const snapshot = fromShards(opened.value.generation, new Map(plain));
  assert.ok(snapshot.ok);
  return { manifest: opened.value, hello: snapshot.value.fleet.helloName };
}

function setUp(now = 0) {
  const { bucket, world } = memoryBucket();
  const noted: number[] = [];
  const clock = { now };
  const noteGeneration = async (_: unknown, generation: number) => void noted.push(generation);
  const open = () => createPublisher({ noteGeneration, now: () => clock.now });
  return { bucket, world, noted, clock, open };
}

test('a new content is a new generation, noted before it is put; the same content is nothing', async () => {
  const { bucket, world, noted, open } = setUp();
  const publisher = open();
  const first = await publisher.publish(bucket, wanted('a'));
  assert.deepEqual([first.ok && first.did, seen(world)?.manifest.generation, noted], ['advanced', 1, [1]]);
  const same = await publisher.publish(bucket, wanted('a'));
  assert.equal(same.ok && same.did, 'nothing');
  await publisher.publish(bucket, wanted('b'));
  assert.deepEqual([seen(world)?.hello, seen(world)?.manifest.generation, noted], ['b', 2, [1, 2]]);
  assert.equal(world.shards.size, 1, 'shards nobody names are gone');
});

test('what cannot be noted is not put', async () => {
  const { bucket, world } = setUp();
  const publisher = createPublisher({
    now: () => 0,
    noteGeneration: () => Promise.reject(new Error('disk full')),
  });
  await assert.rejects(publisher.publish(bucket, wanted('a')), /disk full/);
  assert.equal(world.manifest(), undefined);
});

test('the manifest is signed anew in time, and when the clock was set back', async () => {
  const { bucket, world, clock, open } = setUp(1_000_000);
  const publisher = open();
  await publisher.publish(bucket, wanted('a'));
  clock.now += renewMs - 1;
  assert.equal((await outcome(publisher.publish(bucket, wanted('a')))).did, 'nothing');
  clock.now += 1;
  assert.equal((await outcome(publisher.publish(bucket, wanted('a')))).did, 'renewed');
  assert.deepEqual([seen(world)?.manifest.issuedAt, seen(world)?.manifest.generation], [clock.now, 1]);
  clock.now = 0;
  assert.equal((await outcome(publisher.publish(bucket, wanted('a')))).did, 'renewed');
  assert.equal(seen(world)?.manifest.issuedAt, 0);
});

test('a restarted operator finds what is published and gives out no new generation for it', async () => {
  const { bucket, noted, open } = setUp();
  await open().publish(bucket, wanted('a'));
  const publisher = open();
  await publisher.load(bucket, wanted('b'));
  assert.equal(publisher.published()?.content.fleet.helloName, 'a');
  assert.equal((await outcome(publisher.publish(bucket, wanted('a')))).did, 'nothing');
  assert.deepEqual(noted, [1]);
});

test('a lost or restored bucket is filled above everything given out or acknowledged', async () => {
  const { bucket, world, open } = setUp();
  const publisher = open();
  const empty = world.copy();
  for (const hello of ['a', 'b', 'c']) await publisher.publish(bucket, wanted(hello));
  const old = world.copy();
  await publisher.publish(bucket, wanted('d', { generationFloor: 3 }));
  world.restore(old);
  await publisher.publish(bucket, wanted('d', { generationFloor: 4 }));
  assert.deepEqual([seen(world)?.hello, seen(world)?.manifest.generation], ['d', 5]);
  world.restore(empty);
  await publisher.publish(bucket, wanted('d', { generationFloor: 9 }));
  assert.equal(seen(world)?.manifest.generation, 10);
});

test('a bucket lost before the plan knew what was given out is filled above it all the same', async () => {
  const { bucket, world, open } = setUp();
  const publisher = open();
  const empty = world.copy();
  const stale = wanted('a'); // its floor is 0
  await publisher.publish(bucket, stale);
  world.restore(empty);
  await publisher.publish(bucket, stale);
  assert.equal(seen(world)?.manifest.generation, 2);
  const broken = { ...bucket, putManifest: () => Promise.reject(new Error('no answer')) };
  await assert.rejects(publisher.publish(broken, wanted('b')), /no answer/); // it may have been stored, and read by a node
  world.restore(empty);
  await publisher.publish(bucket, wanted('c'));
  assert.equal(seen(world)?.manifest.generation, 4);
});

test('shards that vanished are put back without a new generation', async () => {
  const { bucket, world, open } = setUp();
  const publisher = open();
  await publisher.publish(bucket, wanted('a'));
  world.shards.clear();
  assert.equal((await outcome(publisher.publish(bucket, wanted('a')))).did, 'repaired');
  assert.equal(seen(world)?.manifest.generation, 1);
});

test('a manifest by another key is replaced, unless another fleet goes on writing it', async () => {
  const { bucket, world, open } = setUp();
  const theirs = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const stranger = wanted('x', { fleetUid: 'other', seal: { fleetKey, operatorKey: theirs.privateKey } });
  await open().publish(bucket, stranger);
  const publisher = open();
  assert.equal((await outcome(publisher.publish(bucket, wanted('a')))).did, 'advanced');
  await open().publish(bucket, stranger);
  const refused = await publisher.publish(bucket, wanted('a'));
  assert.ok(!refused.ok && refused.problem.includes('another fleet (uid other)'));
  assert.equal(seen(world), undefined);
});

test('a fleet created again in a deleted one’s place takes the bucket over, above what that gave out', async () => {
  const { bucket, world, open } = setUp();
  const publisher = open(); // one link serves both, where the one comes right after the other
  for (const hello of ['a', 'b']) await publisher.publish(bucket, wanted(hello));
  const theirs = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const seal = { fleetKey: { ...fleetKey, id: 'k2' }, operatorKey: theirs.privateKey };
  const successor = wanted('b', { fleetUid: 'uid-2', seal });
  const { did, published } = await outcome(publisher.publish(bucket, successor));
  assert.deepEqual([did, published.generation, publisher.published()?.generation], ['advanced', 3, 3]);
  const opened = openManifest(world.manifest() ?? Buffer.alloc(0), [createPublicKey(theirs.publicKey)]);
  assert.equal(opened.ok && opened.value.fleetUid, 'uid-2');
});

test('property: whatever fails at whatever call, a node always finds one whole snapshot, and generations only grow', async () => {
  const step = fc.record({
    hello: fc.constantFrom('a', 'b', 'c'),
    restart: fc.boolean(),
    failAt: fc.integer({ min: 0, max: 9 }),
    how: fc.constantFrom('lost' as const, 'unheard' as const),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const { bucket, world, noted, open } = setUp();
      let publisher = open();
      let highest = 0;
      for (const { hello, restart, failAt, how } of steps) {
        let calls = 0;
        world.fail = () => (++calls === failAt ? how : undefined);
        if (restart) {
          publisher = open();
          await publisher.load(bucket, wanted(hello)).catch(() => undefined);
        }
        const content = wanted(hello, { generationFloor: Math.max(0, ...noted) });
        const result = await publisher.publish(bucket, content).catch(() => undefined);
        const now = seen(world);
        if (result?.ok) assert.equal(now?.hello, hello);
        if (now) assert.ok(now.manifest.generation >= highest && noted.includes(now.manifest.generation));
        highest = now?.manifest.generation ?? highest;
      }
      world.fail = () => undefined;
      await publisher.publish(bucket, wanted('end', { generationFloor: Math.max(0, ...noted) }));
      assert.equal(seen(world)?.hello, 'end');
    }),
  );
});

async function outcome(publishing: ReturnType<ReturnType<typeof createPublisher>['publish']>) {
  const publication = await publishing;
  assert.ok(publication.ok, publication.ok ? '' : publication.problem);
  return publication;
}
