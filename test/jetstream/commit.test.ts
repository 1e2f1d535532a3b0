// A commit is durable, counted once, and all or nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEntry } from '@relayfleet/contract/envelope.ts';
import { listEntries, showEntry } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { anEntry, anEnvelope, startQueue } from '../harness/queue.ts';

test('a mail committed twice is stored once, and the second commit says so', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const entry = anEntry();
  assert.deepEqual(await queue.commit([entry], 10_000), { ok: true, duplicate: false });
  assert.deepEqual(await queue.commit([entry], 10_000), { ok: true, duplicate: true });
  const listed = await listEntries(await server.connect('reader'), { id: entry.envelope.id });
  assert.deepEqual(
    listed.map(({ state, subject }) => ({ state, subject })),
    [{ state: 'ready', subject: `mq.tx.example~com.example~net.team_shop.${entry.envelope.id}.0` }],
  );
});

test('all entries of one mail are one commit, counted once', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const { id } = anEnvelope();
  const entries = [0, 1, 2].map((k) => anEntry({ id, k, of: 3, destination: `d${k}.example` }));
  assert.deepEqual(await queue.commit(entries, 10_000), { ok: true, duplicate: false });
  assert.deepEqual(await queue.commit(entries, 10_000), { ok: true, duplicate: true });
  const listed = await listEntries(await server.connect('reader'), { id });
  assert.deepEqual(listed.map(({ key }) => `${key.k} ${key.destination}`).sort(), [
    '0 d0.example',
    '1 d1.example',
    '2 d2.example',
  ]);
});

test('forty commits at once are each stored under their own id, and a known one among them spoils none', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 5_000 });
  const known = anEntry();
  await queue.commit([known], 10_000);
  // Behind those that find a free slot and are stored singly, so that it is in the middle of a batch.
  const entries = Array.from({ length: 40 }, () => anEntry()).toSpliced(10, 0, known);
  const answers = await Promise.all(entries.map((entry) => queue.commit([entry], 20_000)));
  assert.deepEqual(
    answers,
    entries.map((entry) => ({ ok: true, duplicate: entry === known })),
  );
  const listed = await listEntries(await server.connect('reader'), {});
  assert.deepEqual(
    listed.map(({ key }) => key.id),
    entries.map(({ envelope }) => envelope.id).sort(),
  );
});

test('what is stored is the entry, byte for byte', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const queue = openMailQueue(node, { timeoutMs: 2_000 });
  const body = Uint8Array.from({ length: 256_000 }, (_, index) => index % 256);
  const entry = anEntry({}, body);
  assert.ok((await queue.commit([entry], 10_000)).ok);
  const stop = new AbortController();
  for await (const taken of queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    const decoded = decodeEntry(taken.data);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value.envelope, entry.envelope);
    assert.ok(Buffer.from(body).equals(decoded.value.body));
    assert.equal(await taken.done(), true);
    stop.abort();
  }
  const [listed] = await listEntries(await server.connect('reader'), {});
  assert.equal(listed, undefined);
});

test('an entry no message of the server can hold is refused as too large', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const answer = await queue.commit([anEntry({}, new Uint8Array(9_000_000))], 10_000);
  assert.equal(!answer.ok && answer.reason, 'too-large');
});

test('the reader sees the envelope of an entry without disturbing it', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const reader = await server.connect('reader');
  const entry = anEntry();
  await queue.commit([entry], 10_000);
  const [listed] = await listEntries(reader, { platform: entry.envelope.platform, destination: 'example.net' });
  const shown = await showEntry(reader, listed?.subject ?? '');
  assert.deepEqual(shown?.content, { ok: true, envelope: entry.envelope });
  assert.deepEqual(await listEntries(reader, { destination: 'elsewhere.example' }), []);
});
