// The configuration's way through the bucket: compare-and-set, notices, shards pruned without a trace, a bucket lost and restored.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { bucketSubject, buckets, configKeys } from '@relayfleet/contract/subjects.ts';
import { openAcknowledger, watchAcknowledgements } from '@relayfleet/jetstream/acknowledgements.ts';
import { forgetValue } from '@relayfleet/jetstream/bucket.ts';
import { openConfigPublisher, openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { sizing, startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

test('a manifest is replaced only by who has read the one before', async (t) => {
  const server = await startQueue(t);
  const [a, b] = [
    openConfigPublisher(await server.connect('operator')),
    openConfigPublisher(await server.connect('operator')),
  ];
  assert.equal(await a.readManifest(), undefined);
  assert.equal(await a.putManifest(Buffer.from('one'), 0), 'ok');
  assert.equal(await b.putManifest(Buffer.from('other'), 0), 'conflict');
  const { revision, bytes } = (await b.readManifest())!;
  assert.equal(Buffer.from(bytes).toString(), 'one');
  assert.equal(await b.putManifest(Buffer.from('two'), revision), 'ok');
  assert.equal(await a.putManifest(Buffer.from('three'), revision), 'conflict');
  assert.equal(Buffer.from((await a.readManifest())!.bytes).toString(), 'two');
});

test('a manifest that somebody deleted by hand is put again', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  const publisher = openConfigPublisher(operator);
  await publisher.putManifest(Buffer.from('one'), 0);
  await forgetValue(operator, bucketSubject(buckets.config, configKeys.manifest)); // as `nats kv del` does
  assert.equal(await publisher.readManifest(), undefined);
  assert.equal(await publisher.putManifest(Buffer.from('two'), 0), 'ok');
  assert.equal(await publisher.putManifest(Buffer.from('three'), 0), 'conflict');
  assert.equal(Buffer.from((await publisher.readManifest())!.bytes).toString(), 'two');
});

test('shards that no manifest names are gone, and the others stay', async (t) => {
  const server = await startQueue(t);
  const publisher = openConfigPublisher(await server.connect('operator'));
  const reader = openConfigReader(await server.connect('node'));
  for (const key of ['shard.fleet.aa', 'shard.d1.bb', 'shard.d1.cc']) await publisher.putShard(key, Buffer.from(key));
  await publisher.putManifest(Buffer.from('m'), 0);
  assert.equal(await publisher.pruneShards(new Set(['shard.fleet.aa', 'shard.d1.cc'])), 1);
  assert.deepEqual([...(await publisher.shardKeys())].sort(), ['shard.d1.cc', 'shard.fleet.aa']);
  assert.equal(await reader.getShard('shard.d1.bb'), undefined);
  assert.equal(Buffer.from((await reader.getShard('shard.d1.cc'))!).toString(), 'shard.d1.cc');
  assert.ok(await publisher.readManifest());
});

test('a watcher sees every manifest within a second, and after loss and restore of the bucket too', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  const publisher = openConfigPublisher(operator);
  const seen: string[] = [];
  const reader = openConfigReader(await server.connect('node'));
  t.after(reader.watchManifest((bytes) => seen.push(bytes === undefined ? 'none' : Buffer.from(bytes).toString())));
  await until('the first look', () => seen.length === 1);
  await publisher.putManifest(Buffer.from('one'), 0);
  await until('the first manifest', () => seen.at(-1) === 'one', { withinMs: 1_000, everyMs: 5 });

  await server.kill9();
  await rm(`${server.dir}/store`, { recursive: true });
  await server.restart();
  await until('the loss', () => seen.at(-1) === 'none', { withinMs: 10_000 });
  await assert.rejects(publisher.putShard('shard.fleet.aa', Buffer.from('x')));
  await assert.rejects(publisher.readManifest());
  assert.ok((await ensureStreams(operator, sizing)).ok);
  await publisher.putManifest(Buffer.from('two'), 0); // the same revision as "one" had
  await until('the new manifest', () => seen.at(-1) === 'two', { withinMs: 3_000 });
  assert.deepEqual(seen, ['none', 'one', 'none', 'two']);
});

test('acknowledgements: the latest of each node, changes at once, gone when the node says so', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const [a, b] = [openAcknowledger(node, 'node-a.pod'), openAcknowledger(node, 'node-b')];
  await a.put(acknowledgement('node-a.pod', 1));
  const seen: string[] = [];
  const stop = watchAcknowledgements(await server.connect('operator'), (all) =>
    seen.push(all.map(({ node: name, generation }) => `${name}:${generation}`).join(' ')),
  );
  t.after(stop);
  const shows = (expected: string) => until(expected, () => seen.at(-1) === expected, { withinMs: 2_000, everyMs: 5 });
  await shows('node-a.pod:1');
  await b.put(acknowledgement('node-b', 1));
  await shows('node-a.pod:1 node-b:1');
  await a.put(acknowledgement('node-a.pod', 2));
  await shows('node-a.pod:2 node-b:1');
  await a.remove();
  await shows('node-b:1');
  await node.nc.request('$KV.ack.broken', '{"v":1}', { timeout: 2_000 });
  await b.put(acknowledgement('node-b', 3));
  await shows('node-b:3');
});

test('many looks leave no subscription behind', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  const subscriptions = async () => {
    const connz = await fetch(`${server.monitorUrl}/connz?name=test-operator`);
    const { connections } = (await connz.json()) as { connections: { name: string; subscriptions: number }[] };
    return Math.max(...connections.filter(({ name }) => name === 'test-operator').map((c) => c.subscriptions));
  };
  let looks = 0;
  for (; looks < 30; looks++)
    await new Promise<void>((resolve) => {
      const stop = watchAcknowledgements(operator, () => {
        resolve();
        setImmediate(() => stop());
      });
    });
  await operator.nc.flush();
  await until('only the reply subscription is left', async () => (await subscriptions()) <= 2, { withinMs: 5_000 });
});

function acknowledgement(node: string, generation: number): Acknowledgement {
  return {
    v: 1,
    node,
    version: '0.1.0',
    at: Date.now(),
    generation,
    highestSeen: generation,
    keyIds: ['k'],
    ready: true,
    problems: [],
  };
}
