// A deferred entry comes back when it is due, once, however often the deferral was repeated, and whatever happened to NATS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue, type MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { anEnvelope, startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

const body = { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } as const;

test('a deferral repeated by another worker fires once, at its time', async (t) => {
  const server = await startQueue(t);
  const queues = [await server.connect('node'), await server.connect('node')].map(open);
  const reader = await server.connect('reader');
  const due = Date.now() + 2_000;
  const envelope = anEnvelope({ attempt: 1, due, body });
  for (const queue of [...queues, ...queues]) assert.ok((await queue.defer(envelope, due)).ok);

  const deferred = await listEntries(reader, { id: envelope.id });
  assert.deepEqual(
    deferred.map(({ state, dueAt }) => ({ state, dueAt })),
    [{ state: 'deferred', dueAt: Math.floor(due / 60_000) * 60_000 }],
  );
  const { envelope: came, at, subject } = await takeOne(queues[0]!);
  assert.deepEqual(came, envelope);
  assert.equal(subject, `rt.tx.example~com.example~net.team_shop.${envelope.id}.0`);
  assert.ok(at >= due, `${due - at} ms early`);
  assert.ok(at - due < 10_000, `${at - due} ms late`);
  await nothingIsLeft(reader);
});

test('deferrals that come together are stored together, and each fires once, however often it was repeated', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  const reader = await server.connect('reader');
  const due = Date.now() + 3_000;
  const envelopes = Array.from({ length: 100 }, () => anEnvelope({ attempt: 1, due, body }));
  const answers = await Promise.all([...envelopes, ...envelopes].map((envelope) => queue.defer(envelope, due)));
  assert.ok(answers.every(({ ok }) => ok));
  assert.equal((await listEntries(reader, {})).length, envelopes.length);

  const came: string[] = [];
  const stop = new AbortController();
  for await (const taken of queue.take('retry', { maxMessages: 20, signal: stop.signal })) {
    came.push(read(taken.data).id);
    void taken.done();
    if (came.length === envelopes.length) stop.abort();
  }
  assert.deepEqual(came.sort(), envelopes.map(({ id }) => id).sort());
  await nothingIsLeft(reader);
});

test('an entry held back again and again with one attempt number is never taken for a repetition', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  const reader = await server.connect('reader');
  const envelope = anEnvelope({ attempt: 0, body });
  for (let round = 0; round < 3; round++) {
    const due = Date.now() + 300;
    assert.deepEqual(await queue.defer({ ...envelope, due }, due), { ok: true, duplicate: false });
    assert.equal((await takeOne(queue)).envelope.id, envelope.id);
  }
  await nothingIsLeft(reader);
});

test('schedules that fall due while NATS is down fire after its restart, once each', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  const reader = await server.connect('reader');
  const due = Date.now() + 500;
  const envelopes = Array.from({ length: 20 }, () => anEnvelope({ attempt: 1, due, body }));
  for (const envelope of envelopes) assert.ok((await queue.defer(envelope, due)).ok);
  await server.kill9();
  await until('the schedules are overdue', () => Date.now() > due + 500);
  await server.restart();

  const came: string[] = [];
  const stop = new AbortController();
  for await (const taken of queue.take('retry', { maxMessages: 5, signal: stop.signal })) {
    came.push(read(taken.data).id);
    void taken.done();
    if (came.length === envelopes.length) stop.abort();
  }
  assert.deepEqual(came.sort(), envelopes.map(({ id }) => id).sort());
  await nothingIsLeft(reader);
});

test('an inline body cannot be deferred: that is a bug of the caller', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  await assert.rejects(queue.defer(anEnvelope(), Date.now()), /store it in chunks first/);
});

function open(nats: Nats): MailQueue {
  return openMailQueue(nats, { timeoutMs: 2_000 });
}

function read(data: Uint8Array): Envelope {
  const entry = decodeEntry(data);
  assert.ok(entry.ok);
  return entry.value.envelope;
}

async function takeOne(queue: MailQueue): Promise<{ envelope: Envelope; at: number; subject: string }> {
  const stop = new AbortController();
  for await (const taken of queue.take('retry', { maxMessages: 1, signal: stop.signal })) {
    const at = Date.now();
    assert.equal(await taken.done(), true);
    stop.abort();
    return { envelope: read(taken.data), at, subject: taken.subject };
  }
  throw new Error('nothing came');
}

async function nothingIsLeft(reader: Nats): Promise<void> {
  await until('the queue is empty', async () => (await listEntries(reader, {})).length === 0);
}
