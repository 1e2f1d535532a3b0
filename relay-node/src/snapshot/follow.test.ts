import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import test from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { sealShard, shardDigest, signManifest, type Manifest } from '@relayfleet/contract/seal.ts';
import { toShards, type Snapshot, type SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import { configKeys } from '@relayfleet/contract/subjects.ts';
import { domainPolicy, platformPolicy, snapshotContent } from '../../../test/harness/snapshot.ts';
import { followSnapshot, type FollowDeps, type Following } from './follow.ts';

const operator = generateKeyPairSync('ed25519');
const fleetKey = { id: 'key-1', key: Buffer.alloc(32, 5) };
const fleetUid = 'fleet-uid';
const start = 1_700_000_000_000;

/** A bucket in memory, a clock that stands still, and everything the node says. */
function setUp() {
  const shards = new Map<string, Uint8Array>();
  const waiting: { readonly ms: number; readonly work: () => void }[] = [];
  const said: Acknowledgement[] = [];
  const events: (readonly unknown[])[] = [];
  const adopted: Snapshot[] = [];
  const fetched: string[] = [];
  let deliver: (bytes: Uint8Array | undefined) => void = () => {};
  let removed = 0;
  const clock = { now: start };
  /** As the mounted Secret has it at the moment. */
  const mounted = {
    fleetUid,
    fleetKeys: [{ id: fleetKey.id, key: fleetKey.key.toString('base64') }],
    operatorKeys: [pemOf(operator.publicKey)],
  };
  const note =
    (name: string) =>
    (...args: unknown[]) =>
      void events.push([name, ...args]);
  const deps: FollowDeps = {
    reader: {
      watchManifest: (listener) => {
        deliver = listener;
        return () => (deliver = () => {});
      },
      getShard: async (key) => (fetched.push(key), shards.get(key)),
    },
    acknowledger: {
      put: async (acknowledgement) => void said.push(acknowledgement),
      remove: async () => void (removed += 1),
    },
    bootstrap: () => ({
      v: 1,
      fleet: { namespace: 'ns', name: 'fleet' },
      ...mounted,
      nats: { url: '', username: '', password: '' },
    }),
    node: 'node-0',
    version: '1.2.3',
    ready: () => true,
    onAdopt: (snapshot) => void adopted.push(snapshot),
    missingHosts: () => undefined,
    events: {
      configAdopted: note('adopted'),
      configRenewed: note('renewed'),
      configRefused: note('refused'),
      configMissing: note('missing'),
      acknowledged: note('acknowledged'),
    },
    now: () => clock.now,
    later: (ms, work) => {
      const entry = { ms, work };
      waiting.push(entry);
      return () => void (waiting.includes(entry) && waiting.splice(waiting.indexOf(entry), 1));
    },
  };
  const publish = (
    generation: number,
    content: SnapshotContent = snapshotContent(),
    changes: Partial<Manifest> = {},
    key: KeyObject = operator.privateKey,
  ) => {
    const names: Record<string, { digest: string }> = {};
    for (const [name, plain] of toShards(content)) {
      const sealed = sealShard({ fleetUid: changes.fleetUid ?? fleetUid, name, key: fleetKey }, plain);
      names[name] = { digest: shardDigest(sealed) };
      shards.set(configKeys.shard(name, shardDigest(sealed)), sealed);
    }
    return signManifest(
      { v: 1, fleetUid, generation, issuedAt: clock.now, keyId: fleetKey.id, shards: names, ...changes },
      key,
    );
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5)); // shards are opened in a few microtasks
  const give = async (bytes: Uint8Array | undefined) => {
    deliver(bytes);
    await settle();
  };
  const following: Following = followSnapshot(deps);
  return {
    following,
    publish,
    give,
    shards,
    said,
    events,
    adopted,
    fetched,
    waiting,
    clock,
    mounted,
    settle,
    removed: () => removed,
  };
}
function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
const names = (events: readonly (readonly unknown[])[]) =>
  events
    .filter(([name]) => name !== 'acknowledged')
    .map(([name, what]) => (name === 'refused' ? `refused ${String(what)}` : name));

test('a good snapshot is adopted and acknowledged', async () => {
  const { following, publish, give, said, adopted } = setUp();
  assert.equal(following.current(), undefined);
  assert.equal(said.at(-1)?.generation, 0);
  await give(publish(7));
  assert.equal(following.current()?.generation, 7);
  assert.equal(following.current()?.platforms.size, 1);
  assert.equal(adopted.length, 1);
  const { generation, highestSeen, problems, keyIds, ready, version } = said.at(-1)!;
  assert.deepEqual(
    { generation, highestSeen, problems, keyIds, ready, version },
    { generation: 7, highestSeen: 7, problems: [], keyIds: ['key-1'], ready: true, version: '1.2.3' },
  );
});

test('a newer one replaces it whole, and only changed shards are fetched', async () => {
  const { following, publish, give, fetched } = setUp();
  await give(publish(1));
  const before = fetched.length;
  await give(publish(2, snapshotContent({ platforms: [platformPolicy({ suspended: { reason: 'x' } })] })));
  assert.equal(following.current()?.platforms.get('orders.shop')?.suspended?.reason, 'x');
  assert.equal(fetched.length - before, 1);
});

type Stage = ReturnType<typeof setUp>;
const bad: Readonly<Record<string, readonly [reason: string, make: (stage: Stage) => Uint8Array]>> = {
  'signed by somebody else': [
    'BadSignature',
    ({ publish }) => publish(9, undefined, {}, generateKeyPairSync('ed25519').privateKey),
  ],
  'changed after signing': [
    'BadSignature',
    ({ publish }) => Buffer.from(Buffer.from(publish(9)).toString().replace('"generation":9', '"generation":8')),
  ],
  'not a manifest at all': ['BadSignature', () => Buffer.from('hello')],
  'of another fleet': ['WrongFleet', ({ publish }) => publish(9, undefined, { fleetUid: 'other' })],
  older: ['OlderGeneration', ({ publish }) => publish(4, snapshotContent({ domains: [] }))],
  'of the same generation with other content': [
    'GenerationReused',
    ({ publish }) => publish(5, snapshotContent({ domains: [] })),
  ],
  'sealed with a key the node does not have': [
    'UnknownKey',
    ({ publish }) => publish(9, undefined, { keyId: 'key-2' }),
  ],
  'of a newer manifest version': ['NotUnderstood', ({ publish }) => publish(9, undefined, { v: 2 as 1 })],
  'with a shard of a newer version': [
    'NotUnderstood',
    (stage) => withShard(stage, Buffer.from(JSON.stringify({ v: 2, fleet: {} }))),
  ],
  'with a shard of another name’s content': ['ShardUnreadable', (stage) => withForeignShard(stage)],
  'with a shard that was tampered with': ['ShardUnreadable', (stage) => withTamperedShard(stage)],
  'with an older shard in the place of the one that was signed for': [
    'ShardUnreadable',
    (stage) => withOlderShard(stage),
  ],
  'with a shard that is missing': ['ShardMissing', ({ publish, shards }) => publishThenLose(publish, shards)],
};

function publishThenLose(publish: Stage['publish'], shards: Map<string, Uint8Array>): Uint8Array {
  const bytes = publish(9, snapshotContent({ domains: [domainPolicy({ domain: 'other.test' })] }));
  shards.clear();
  return bytes;
}
function manifestFor(stage: Stage, sealed: Uint8Array): Uint8Array {
  const digest = shardDigest(sealed);
  stage.shards.set(configKeys.shard('fleet', digest), sealed);
  return stage.publish(9, undefined, { shards: { fleet: { digest } } });
}
function withShard(stage: Stage, plain: Uint8Array): Uint8Array {
  return manifestFor(stage, sealShard({ fleetUid, name: 'fleet', key: fleetKey }, plain));
}
function withForeignShard(stage: Stage): Uint8Array {
  return manifestFor(stage, sealShard({ fleetUid, name: 'd1', key: fleetKey }, Buffer.from('{"v":1}')));
}
function withOlderShard(stage: Stage): Uint8Array {
  const older = [...stage.shards].find(([key]) => key.startsWith('shard.p'))?.[1];
  const bytes = stage.publish(9, snapshotContent({ platforms: [platformPolicy({ suspended: { reason: 'x' } })] }));
  const newer = [...stage.shards.keys()].filter((key) => key.startsWith('shard.p')).at(-1);
  assert.ok(older && newer);
  stage.shards.set(newer, older);
  return bytes;
}
function withTamperedShard(stage: Stage): Uint8Array {
  const bytes = stage.publish(9, snapshotContent({ domains: [domainPolicy({ domain: 'other.test' })] }));
  for (const sealed of stage.shards.values()) sealed[20] = (sealed[20] ?? 0) ^ 1;
  return bytes;
}

for (const [what, [reason, make]] of Object.entries(bad))
  test(`refused, and the last good one stays: ${what}`, async () => {
    const stage = setUp();
    const good = stage.publish(5);
    await stage.give(good);
    await stage.give(make(stage));
    assert.equal(stage.following.current()?.generation, 5);
    assert.equal(stage.following.current()?.domains.size, 1);
    assert.equal(names(stage.events).at(-1), `refused ${reason}`);
    assert.deepEqual(
      stage.said.at(-1)?.problems.map((problem) => problem.reason),
      [reason],
    );
    assert.deepEqual([stage.said.at(-1)?.generation, stage.said.at(-1)?.highestSeen], [5, 5]);
    await stage.give(stage.publish(10));
    assert.deepEqual(stage.said.at(-1)?.problems, [], 'a good one clears the problem');
    assert.equal(stage.following.current()?.generation, 10);
  });

test('without a snapshot, one whose operator has long been silent is not taken; once renewed it is', async () => {
  const { following, publish, give, events, clock } = setUp();
  const old = publish(3);
  clock.now += 16 * 60_000;
  await give(old);
  assert.equal(following.current(), undefined);
  assert.deepEqual(names(events), ['refused TooOld']);
  await give(publish(3));
  assert.equal(following.current()?.generation, 3);
});

test('with a snapshot, a silent operator changes nothing', async () => {
  const { following, publish, give, clock } = setUp();
  await give(publish(3));
  clock.now += 86_400_000;
  await give(publish(4, undefined, { issuedAt: start }));
  assert.equal(following.current()?.generation, 4);
});

test('a renewal keeps the snapshot and is noted', async () => {
  const { following, publish, give, events, clock, fetched } = setUp();
  await give(publish(3));
  const [held, fetches] = [following.current(), fetched.length];
  clock.now += 300_000;
  await give(publish(3));
  assert.equal(following.current(), held);
  assert.equal(fetched.length, fetches);
  assert.deepEqual(events.at(-2), ['renewed', clock.now]);
});

test('a bucket that loses its manifest changes nothing', async () => {
  const { following, publish, give, events } = setUp();
  await give(publish(3));
  await give(undefined);
  assert.equal(following.current()?.generation, 3);
  assert.equal(names(events).at(-1), 'missing');
});

test('a shard that comes late is asked for again', async () => {
  const { following, publish, give, shards, waiting, settle } = setUp();
  const bytes = publish(3);
  const late = new Map(shards);
  shards.clear();
  await give(bytes);
  assert.equal(following.current(), undefined);
  for (const [key, sealed] of late) shards.set(key, sealed);
  waiting.findLast(({ ms }) => ms === 2_000)?.work();
  await settle();
  assert.equal(following.current()?.generation, 3);
});

test('a fleet that was deleted and created again is followed as soon as its bootstrap is mounted', async () => {
  const { following, publish, give, mounted, waiting, settle, events, said } = setUp();
  await give(publish(40));
  const successor = generateKeyPairSync('ed25519');
  const first = publish(1, snapshotContent({ platforms: [] }), { fleetUid: 'uid-2' }, successor.privateKey);
  const lookAgain = async () => {
    waiting
      .splice(
        waiting.findLastIndex(({ ms }) => ms === 5_000),
        1,
      )[0]
      ?.work();
    await settle();
  };
  await give(first);
  await lookAgain();
  assert.equal(following.current()?.generation, 40, 'obeyed until then');
  assert.equal(names(events).filter((name) => name === 'refused BadSignature').length, 1, 'told once');
  mounted.operatorKeys = [pemOf(successor.publicKey)];
  mounted.fleetUid = 'uid-2';
  await lookAgain();
  assert.deepEqual([following.current()?.generation, following.current()?.platforms.size], [1, 0]);
  assert.deepEqual(said.at(-1)?.problems, []);
  await give(publish(40));
  await give(publish(40, undefined, {}, successor.privateKey));
  assert.equal(following.current()?.generation, 1, 'nothing of the former fleet is taken any more');
});

test('a manifest that came before the key it is sealed with is opened once that is mounted, unless a newer one has come', async () => {
  const { following, publish, give, mounted, waiting, settle } = setUp();
  mounted.fleetKeys = [];
  await give(publish(3));
  const stale = waiting.findLast(({ ms }) => ms === 5_000);
  await give(publish(4));
  assert.ok(stale !== undefined && !waiting.includes(stale));
  mounted.fleetKeys = [{ id: fleetKey.id, key: fleetKey.key.toString('base64') }];
  waiting.findLast(({ ms }) => ms === 5_000)?.work();
  await settle();
  assert.equal(following.current()?.generation, 4);
});

test('a manifest that was refused for a shard is not looked at again once a newer one has come', async () => {
  const { following, publish, give, shards, waiting, settle, events, said } = setUp();
  const older = publish(3, snapshotContent({ domains: [domainPolicy({ domain: 'other.test' })] }));
  shards.clear();
  const newer = publish(4);
  void give(older); // its shards are still being asked for when the newer one comes
  await give(newer);
  assert.equal(following.current()?.generation, 4);
  const again = waiting.filter(({ ms }) => ms === 2_000);
  for (const { work } of again) work();
  await settle();
  assert.deepEqual(
    [again.length, names(events), said.at(-1)?.problems],
    [0, ['refused ShardMissing', 'adopted', 'renewed'], []],
  );
});

test('a burst of manifests ends with the newest', async () => {
  const { following, publish, give, settle, adopted } = setUp();
  for (let generation = 1; generation <= 20; generation += 1) void give(publish(generation));
  await settle();
  assert.equal(following.current()?.generation, 20);
  assert.ok(adopted.length < 20);
});

test('the same refusal is told once', async () => {
  const { publish, give, events } = setUp();
  await give(publish(5));
  for (let n = 0; n < 3; n += 1) await give(publish(4));
  assert.equal(names(events).filter((name) => name === 'refused OlderGeneration').length, 1);
});

test('a heartbeat says the same again; stopping takes the acknowledgement away and ends it', async () => {
  const { following, publish, give, waiting, said, removed, settle } = setUp();
  await give(publish(3));
  const before = said.length;
  waiting.find(({ ms }) => ms === 10_000)?.work();
  await settle();
  assert.equal(said.length, before + 1);
  await following.stop();
  assert.equal(removed(), 1);
  assert.ok(!waiting.slice(1).some(({ ms }) => ms === 10_000));
  await give(publish(4));
  assert.equal(following.current()?.generation, 3);
});
