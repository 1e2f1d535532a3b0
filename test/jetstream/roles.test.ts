// Each NATS user on a real server: what its part of the product needs works, and what is not its business is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PermissionViolationError, RequestError } from '@nats-io/transport-node';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { encodeEntry } from '@relayfleet/contract/envelope.ts';
import { natsRoles } from '@relayfleet/contract/nats-roles.ts';
import {
  bucketSubject,
  buckets,
  consumers,
  mailSubject,
  streams,
  type ConsumerKey,
} from '@relayfleet/contract/subjects.ts';
import { openAcknowledger, watchAcknowledgements } from '@relayfleet/jetstream/acknowledgements.ts';
import { checkServer } from '@relayfleet/jetstream/check-server.ts';
import { openConfigPublisher, openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { isRefusal, mayActAs } from '@relayfleet/jetstream/held-role.ts';
import { eventsOf, listEntries, showEntry } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { openOrderBook, watchOrders } from '@relayfleet/jetstream/orders.ts';
import { eraseDeadLetter } from '@relayfleet/jetstream/remains.ts';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { streamStates } from '@relayfleet/jetstream/stream-states.ts';
import { openWaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import { anAttempt, anEntry, anEnvelope, sizing, startQueue, wholeBody } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

const acknowledgement: Acknowledgement = {
  v: 1,
  node: 'node-a',
  version: '0.1.0',
  at: 1,
  generation: 1,
  highestSeen: 1,
  keyIds: ['k'],
  ready: true,
  problems: [],
};

/** What only a node or the operator may write. */
const mailAndConfiguration = [
  'mq.tx.0.a.b_c.X.0',
  'df.1.a.b_c.X.0',
  'rt.x',
  'b.x.0000',
  'dead.x',
  'evt.x',
  '$KV.ack.node-a',
  '$KV.config.manifest',
];

test('with a node’s credentials everything a node does works', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const refusals = refusalsOf(node);
  const queue = openMailQueue(node, { timeoutMs: 2_000 });
  const log = openEventLog(node);
  const { id } = anEnvelope();

  assert.deepEqual(await checkServer(node), { ok: true });
  const body = await queue.putBody(id, new Uint8Array(2_500_000));
  assert.ok(body.ok);
  const envelope = anEnvelope({ id, body: body.ref });
  assert.ok((await queue.commit([{ envelope }], 5_000)).ok);
  assert.ok((await queue.commit([anEntry({ lane: 'bulk' })], 5_000)).ok);
  assert.ok((await queue.commit([anEntry({ k: 0, of: 2 }), anEntry({ k: 1, of: 2 })], 5_000)).ok);
  assert.equal((await wholeBody(queue, envelope))?.length, 2_500_000);
  assert.ok((await queue.defer({ ...envelope, attempt: 1 }, Date.now())).ok);
  for (const key of Object.keys(consumers) as ConsumerKey[]) await takeAndFinishOne(node, key);
  assert.ok((await queue.bury(envelope, Buffer.from('x'), 'mq.tx.0.a.b_c.X.0', 'test')).ok);
  await log.append([anAttempt(envelope)]);
  assert.partialDeepStrictEqual(await log.lastAttempted(envelope.platform, envelope.id, 0), { attempt: 1 });
  assert.equal((await streamStates(node)).streams.length, Object.keys(streams).length);

  const publisher = openConfigPublisher(await server.connect('operator'));
  const manifests: (Uint8Array | undefined)[] = [];
  t.after(openConfigReader(node).watchManifest((bytes) => manifests.push(bytes)));
  await until('the first look', () => manifests.length === 1);
  await publisher.putShard('shard.fleet.abc', Buffer.from('sealed'));
  assert.equal(await publisher.putManifest(Buffer.from('manifest'), 0), 'ok');
  // Well below the 2 s of the regular look: the notice got through.
  await until('the notice', () => manifests.length === 2, { withinMs: 1_000, everyMs: 10 });
  assert.equal(Buffer.from(manifests[1]!).toString(), 'manifest');
  assert.equal(Buffer.from((await openConfigReader(node).getShard('shard.fleet.abc'))!).toString(), 'sealed');
  await openAcknowledger(node, 'node-a').put(acknowledgement);
  await openAcknowledger(node, 'node-a').remove();
  assert.deepEqual(refusals, []);
});

test('a node can neither manage nor purge nor delete, nor write configuration', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  assert.deepEqual(await ensureStreams(node, { ...sizing, storageBytes: 2_000_000_000 }), {
    ok: false,
    problem: 'stream MQ: these NATS credentials may not manage streams: use those of the operator',
  });
  const manifest = bucketSubject(buckets.config, 'manifest');
  for (const stream of [...Object.values(streams), 'KV_config', 'KV_ack'])
    for (const verb of ['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'MSG.DELETE', 'SNAPSHOT', 'RESTORE'])
      await assertRefused(node, `$JS.API.STREAM.${verb}.${stream}`);
  for (const subject of [
    '$JS.API.CONSUMER.CREATE.MQ',
    '$JS.API.CONSUMER.CREATE.MQ.mq-tx.mq.tx.>',
    '$JS.API.CONSUMER.DURABLE.CREATE.MQ.mq-tx',
    '$JS.API.CONSUMER.DELETE.MQ.mq-tx',
    '$JS.API.CONSUMER.PAUSE.MQ.mq-tx',
    '$JS.API.CONSUMER.CREATE.KV_config.x',
    '$JS.API.STREAM.LIST',
    '$JS.API.META.LEADER.STEPDOWN',
    '$SYS.REQ.SERVER.PING',
    'rt.tx.0.a.b_c.X.0',
    'notice.config.manifest',
    manifest,
  ])
    await assertRefused(node, subject);
});

test('the operator sweeps bodies and can remove nothing else of the queue', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  const refusals = refusalsOf(operator);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const { id } = anEnvelope();
  assert.ok((await queue.putBody(id, Buffer.from('x'))).ok);
  const bodies = openStoredBodies(operator);
  assert.deepEqual([...(await bodies.list()).keys()], [id]);
  assert.equal((await bodies.withEntries()).size, 0);
  await bodies.erase(id, await bodies.look(id));
  assert.equal((await bodies.list()).size, 0);
  assert.deepEqual(refusals, []);
  for (const stream of Object.values(streams)) {
    if (stream === streams.bodies) continue;
    for (const verb of ['PURGE', 'MSG.DELETE']) await assertRefused(operator, `$JS.API.STREAM.${verb}.${stream}`);
  }
  for (const subject of ['$JS.API.DIRECT.GET.BODY.b.x.0000', '$JS.API.CONSUMER.CREATE.BODY.spy.b.>', 'b.x.0000'])
    await assertRefused(operator, subject);
});

test('the operator brings deferred mail forward and carries out orders', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  const refusals = refusalsOf(operator);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const due = Date.now() + 3_600_000;
  const body = { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } as const;
  assert.ok((await queue.defer(anEnvelope({ due, body }), due)).ok);
  await queue.commit([anEntry()], 5_000);
  const waiting = openWaitingMail(operator);
  assert.equal((await waiting.ready({})).length, 1);
  const { subjects, now } = await waiting.deferred({});
  assert.equal(await waiting.move(subjects[0]!, { to: now, because: 'test', wanted: () => true }), 'moved');
  const orders: string[] = [];
  t.after(watchOrders(operator, (all) => orders.push(all.map(({ name }) => name).join())));
  await until('the first look', () => orders.length === 1);
  const order = { v: 1, name: 'o', kind: 'hold', filter: {}, reason: '', at: 1 } as const;
  await openOrderBook(await server.connect('keeper')).put(order);
  await until('the order', () => orders.at(-1) === 'o', { withinMs: 1_000, everyMs: 10 });
  await openOrderBook(operator).withdraw('o');
  await until('its withdrawal', () => orders.at(-1) === '');
  assert.deepEqual(refusals, []);
  for (const subject of [
    'rt.tx.0.a.b_c.X.0',
    'mq.tx.0.a.b_c.X.0',
    '$JS.API.CONSUMER.MSG.NEXT.DEFER.rt',
    '$JS.ACK.DEFER.rt.1.1.1.1.0',
  ])
    await assertRefused(operator, subject);
});

test('the operator manages everything and reads no mail but envelopes of what is deferred', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  const refusals = refusalsOf(operator);
  const { envelope, body } = anEntry();
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  await queue.commit([{ envelope, body }], 5_000);

  assert.ok((await ensureStreams(operator, { ...sizing, eventRetentionMs: 60_000 })).ok);
  assert.deepEqual(await checkServer(operator), { ok: true });
  const publisher = openConfigPublisher(operator);
  await publisher.putShard('shard.fleet.abc', Buffer.from('x'));
  assert.equal(await publisher.putManifest(Buffer.from('m'), 0), 'ok');
  assert.equal((await publisher.readManifest())?.bytes.length, 1);
  assert.equal(await publisher.pruneShards(new Set()), 1);
  assert.equal((await streamStates(operator)).streams.find(({ stream }) => stream === 'MQ')?.messages, 1);
  const seen: string[] = [];
  t.after(watchAcknowledgements(operator, (all) => seen.push(all.map(({ node }) => node).join())));
  await until('the first look', () => seen.length === 1);
  await openAcknowledger(await server.connect('node'), 'node-a').put(acknowledgement);
  await until('the acknowledgement', () => seen.at(-1) === 'node-a', { withinMs: 1_000, everyMs: 10 });
  assert.deepEqual(refusals, []);

  for (const subject of [
    ...Object.values(streams).map((stream) => `$JS.API.STREAM.DELETE.${stream}`),
    ...Object.values(streams)
      .filter((stream) => stream !== streams.deferred)
      .flatMap((stream) => [`$JS.API.STREAM.MSG.GET.${stream}`, `$JS.API.DIRECT.GET.${stream}`]),
    '$JS.API.CONSUMER.MSG.NEXT.MQ.mq-tx',
    '$JS.API.CONSUMER.CREATE.MQ.spy.mq.tx.>',
    '$JS.API.CONSUMER.CREATE.MQ',
    'mq.tx.0.a.b_c.X.0',
  ])
    await assertRefused(operator, subject);
});

test('the reader sees the queue and changes nothing', async (t) => {
  const server = await startQueue(t);
  const reader = await server.connect('reader');
  const refusals = refusalsOf(reader);
  const node = await server.connect('node');
  const { envelope, body } = anEntry();
  await openMailQueue(node, { timeoutMs: 2_000 }).commit([{ envelope, body }], 5_000);
  const events = [anAttempt(envelope), { ...anAttempt(envelope), attempt: 2, at: Date.now() + 1 }];
  await openEventLog(node).append(events);

  const [listed] = await listEntries(reader, {});
  assert.deepEqual((await showEntry(reader, listed!.subject))?.content, { ok: true, envelope });
  assert.deepEqual(await eventsOf(reader, envelope.id), events);
  assert.deepEqual(await eventsOf(reader, anEnvelope().id), []);
  assert.equal((await streamStates(reader)).consumers.find(({ consumer }) => consumer === 'transactional')?.pending, 1);
  let nodes: number | undefined;
  t.after(watchAcknowledgements(reader, (all) => void (nodes = all.length)));
  await until('the acknowledgements', () => nodes === 0);
  assert.deepEqual(refusals, []);

  for (const subject of [
    ...mailAndConfiguration,
    ...[
      'STREAM.PURGE.MQ',
      'STREAM.MSG.DELETE.MQ',
      'STREAM.UPDATE.MQ',
      'CONSUMER.MSG.NEXT.MQ.mq-tx',
      'CONSUMER.CREATE.MQ',
    ].map((verb) => `$JS.API.${verb}`),
    ...['STREAM.INFO', 'STREAM.MSG.GET', 'DIRECT.GET'].map((verb) => `$JS.API.${verb}.KV_config`),
    '$JS.ACK.MQ.mq-tx.1.1.1.1.0',
  ])
    await assertRefused(reader, subject);
});

test('the keeper sees what a reader sees, gives orders, erases dead letters and can do nothing else', async (t) => {
  const server = await startQueue(t);
  const keeper = await server.connect('keeper');
  const refusals = refusalsOf(keeper);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const { envelope, body } = anEntry();
  await queue.commit([{ envelope, body }], 5_000);
  await queue.bury(envelope, encodeEntry(envelope, body), mailSubject(envelope), 'test');

  assert.ok(await mayActAs(keeper, 'keeper'));
  const [ready] = await listEntries(keeper, { states: ['ready'] });
  assert.deepEqual((await showEntry(keeper, ready!.subject))?.content, { ok: true, envelope });
  assert.deepEqual(await eventsOf(keeper, envelope.id), []);
  const book = openOrderBook(keeper);
  await book.put({ v: 1, kind: 'hold', name: 'hold-1', filter: {}, reason: 'test', at: 1 });
  assert.deepEqual(
    (await book.list()).map(({ name }) => name),
    ['hold-1'],
  );
  await book.withdraw('hold-1');
  assert.deepEqual(await book.list(), []);
  const [dead] = await listEntries(keeper, { states: ['dead'] });
  assert.ok(await eraseDeadLetter(keeper, dead!.subject));
  assert.deepEqual(await listEntries(keeper, { states: ['dead'] }), []);
  assert.deepEqual(refusals, []);

  for (const subject of [
    ...mailAndConfiguration,
    ...Object.values(streams).flatMap((stream) => [
      `$JS.API.STREAM.PURGE.${stream}`,
      `$JS.API.STREAM.UPDATE.${stream}`,
      ...(stream === streams.dead ? [] : [`$JS.API.STREAM.MSG.DELETE.${stream}`]),
    ]),
    '$JS.API.STREAM.PURGE.KV_orders',
    '$JS.API.STREAM.MSG.DELETE.KV_orders',
    '$JS.API.STREAM.INFO.KV_config',
    '$JS.API.CONSUMER.MSG.NEXT.MQ.mq-tx',
    '$JS.ACK.MQ.mq-tx.1.1.1.1.0',
  ])
    await assertRefused(keeper, subject);
});

test('a user’s role shows in what it may listen to; what it may not do is told as such', async (t) => {
  const server = await startQueue(t);
  for (const role of natsRoles) {
    const nats = await server.connect(role);
    for (const other of natsRoles) assert.equal(await mayActAs(nats, other), other === role, `${role} as ${other}`);
  }
  const reader = openOrderBook(await server.connect('reader'));
  const giving = reader.put({ v: 1, kind: 'hold', name: 'hold-1', filter: {}, reason: '', at: 1 });
  await assert.rejects(giving, (error) => isRefusal(error));
  assert.equal(isRefusal(new Error('NATS did not answer in time')), false);
});

test('no role can listen to another’s answers, or to mail as it is published', async (t) => {
  const server = await startQueue(t);
  for (const [role, subjects] of [
    ['reader', ['>', '_INBOX_node.>', '_INBOX_operator.>', 'mq.>', '$KV.>', '$JS.>']],
    ['keeper', ['>', '_INBOX_node.>', '_INBOX_reader.>', 'mq.>', '$KV.orders.>', '$JS.>']],
    ['node', ['>', '_INBOX_reader.>', 'mq.>', '$KV.config.>', '$JS.ACK.>']],
    ['operator', ['>', '_INBOX_node.>', 'mq.>']],
  ] as const) {
    const { nc } = await server.connect(role);
    for (const subject of subjects) {
      const subscription = nc.subscribe(subject, { callback: () => undefined });
      await nc.flush();
      const end = await subscription.closed;
      assert.ok(end instanceof PermissionViolationError, `${role} may subscribe to ${subject}`);
    }
  }
});

async function takeAndFinishOne(node: Nats, key: ConsumerKey): Promise<void> {
  const stop = new AbortController();
  const queue = openMailQueue(node, { timeoutMs: 2_000 });
  for await (const taken of queue.take(key, { maxMessages: 1, signal: stop.signal })) {
    taken.extend();
    assert.equal(await taken.done(), true, key);
    stop.abort();
  }
}

/** Everything the server refuses to this connection from now on. */
function refusalsOf(nats: Nats): readonly string[] {
  const refusals: string[] = [];
  nats.onStatus((status) => {
    if (status.kind === 'refused') refusals.push(status.detail);
  });
  return refusals;
}

async function assertRefused({ nc }: Nats, subject: string): Promise<void> {
  await assert.rejects(
    nc.request(subject, '', { timeout: 2_000 }),
    (error) => error instanceof RequestError && error.cause instanceof PermissionViolationError,
    `allowed: ${subject}`,
  );
}
