// NATS hangs or is gone: a commit says so in time, and what it sent is stored at most once when NATS comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { anEntry, anEnvelope, startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

test('while NATS hangs a commit answers "unavailable" within its deadline; afterwards there is one copy', async (t) => {
  const server = await startQueue(t);
  const reader = await server.connect('reader');
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 500 });
  const single = anEntry();
  const { id } = anEnvelope();
  const pair = [anEntry({ id, k: 0, of: 2 }), anEntry({ id, k: 1, of: 2, destination: 'other.example' })];

  server.pause();
  const started = performance.now();
  const answers = await Promise.all([queue.commit([single], 2_000), queue.commit(pair, 2_000)]);
  const took = performance.now() - started;
  server.resume();

  for (const answer of answers) assert.equal(!answer.ok && answer.reason, 'unavailable');
  assert.ok(took < 3_000, `took ${took} ms`);
  // The tries lie in the server's socket: they count as one.
  await until('the tries of both mails have been read', async () => (await listEntries(reader, {})).length === 3);
  assert.deepEqual(await queue.commit([single], 5_000), { ok: true, duplicate: true });
  assert.deepEqual(await queue.commit(pair, 5_000), { ok: true, duplicate: true });
  assert.equal((await listEntries(reader, {})).length, 3);
});

test('many commits at once all answer within their deadline while NATS hangs', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 500 });
  server.pause();
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: 100 }, () => queue.commit([anEntry()], 1_500)));
  const took = performance.now() - started;
  server.resume();
  assert.ok(answers.every((answer) => !answer.ok && answer.reason === 'unavailable'));
  assert.ok(took < 2_500, `took ${took} ms`);
});

test('a commit outlives a restart of NATS that fits into its deadline', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 1_000 });
  await server.kill9();
  const commit = queue.commit([anEntry()], 20_000);
  await server.restart();
  assert.deepEqual(await commit, { ok: true, duplicate: false });
});

test('without NATS a commit answers "unavailable", and a closed connection at once', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const queue = openMailQueue(node, { timeoutMs: 500 });
  await server.kill9();
  const gone = await queue.commit([anEntry()], 1_000);
  assert.equal(!gone.ok && gone.reason, 'unavailable');
  await node.close();
  const started = performance.now();
  const closed = await queue.commit([anEntry()], 10_000);
  assert.equal(!closed.ok && closed.reason, 'unavailable');
  assert.ok(performance.now() - started < 1_000);
});

test('without a stream a commit answers "unavailable"', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  await server.kill9();
  const { rm } = await import('node:fs/promises');
  await rm(`${server.dir}/store`, { recursive: true });
  await server.restart();
  const answer = await openMailQueue(node, { timeoutMs: 500 }).commit([anEntry()], 3_000);
  assert.equal(!answer.ok && answer.reason, 'unavailable');
});
