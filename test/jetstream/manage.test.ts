// Streams, consumers and buckets are brought to the contract's settings around what they hold, and nothing is ever deleted.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { consumers, streams } from '@relayfleet/contract/subjects.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { streamStates } from '@relayfleet/jetstream/stream-states.ts';
import { startNats } from '../harness/nats.ts';
import { anEntry, anEnvelope, sizing, startQueue } from '../harness/queue.ts';

test('everything is made once; a second time nothing changes', async (t) => {
  const server = await startNats();
  t.after(() => server.stop());
  const operator = await server.connect('operator');
  const all = [
    ...Object.values(streams).map((name) => `stream ${name}`),
    'stream KV_config',
    'stream KV_ack',
    'stream KV_orders',
    ...Object.values(consumers).map(({ name }) => `consumer ${name}`),
  ];
  assert.deepEqual(await ensureStreams(operator, sizing), { ok: true, changed: all });
  assert.deepEqual(await ensureStreams(operator, sizing), { ok: true, changed: [] });
});

test('settings change around the messages that are there', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const entries = [anEntry(), anEntry(), anEntry()];
  for (const entry of entries) await queue.commit([entry], 5_000);
  const body = await queue.putBody(anEnvelope().id, new Uint8Array(2_000_000));
  assert.ok(body.ok);
  const deferred = anEnvelope({ body: body.ref, attempt: 1, due: Date.now() + 600_000 });
  await queue.defer(deferred, deferred.due);

  const larger = { ...sizing, storageBytes: 2 * sizing.storageBytes, eventRetentionMs: 60_000 };
  assert.deepEqual(await ensureStreams(await server.connect('operator'), larger), {
    ok: true,
    changed: ['stream MQ', 'stream BODY', 'stream EVT'],
  });
  const listed = await listEntries(await server.connect('reader'), {});
  assert.deepEqual(
    listed.map(({ key }) => key.id).sort(),
    [...entries.map(({ envelope }) => envelope.id), deferred.id].sort(),
  );
});

test('a server that cannot do what the fleet asks for says what', async (t) => {
  const server = await startQueue(t);
  assert.deepEqual(await ensureStreams(await server.connect('operator'), { ...sizing, replicas: 3 }), {
    ok: false,
    problem:
      'stream MQ: the server refuses it: replicas > 1 not supported in non-clustered mode (error 10074); ' +
      'set spec.nats.replicas to 1, or use a NATS cluster',
  });
});

test('a store too small for the fleet is a problem in words', async (t) => {
  const server = await startNats({ maxFileStore: 10_000_000 });
  t.after(() => server.stop());
  const ensured = await ensureStreams(await server.connect('operator'), sizing);
  assert.match(
    ensured.ok ? '' : ensured.problem,
    /^stream MQ: the server refuses it: insufficient storage resources.*\(error 10047\); lower spec.nats.storage/,
  );
});

test('without an answer it rejects: that says nothing about the server', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  await server.kill9();
  await assert.rejects(ensureStreams(operator, sizing), /NATS is not connected|NATS did not answer/);
});

test('a store that was lost is made again', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  await server.kill9();
  await rm(`${server.dir}/store`, { recursive: true });
  await server.restart();
  const ensured = await ensureStreams(operator, sizing);
  assert.ok(ensured.ok && ensured.changed.length === 11);
});

test('depth and age are told for every stream and consumer', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const before = Date.now();
  await queue.commit([anEntry()], 5_000);
  const states = await streamStates(await server.connect('operator'));
  const mail = states.streams.find(({ stream }) => stream === streams.mail);
  assert.equal(mail?.messages, 1);
  assert.ok(mail.oldestAt !== undefined && mail.oldestAt >= before - 1 && mail.oldestAt <= Date.now());
  assert.equal(mail.maxBytes, sizing.storageBytes / 4);
  assert.equal(states.streams.find(({ stream }) => stream === streams.deferred)?.maxBytes, undefined);
  assert.deepEqual(
    states.consumers.map(({ consumer, pending }) => [consumer, pending]),
    [
      ['transactional', 1],
      ['bulk', 0],
      ['retry', 0],
    ],
  );
});
