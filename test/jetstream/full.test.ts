// The queue is full: nothing is accepted, nothing is half stored, nothing that was accepted is dropped, deferrals still work.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { anEntry, anEnvelope, sizing, startQueue } from '../harness/queue.ts';

const body = new Uint8Array(200_000);

test('a full mail stream answers "full" at once, to a single mail and to a batch, and stores no part of it', async (t) => {
  const server = await startQueue(t, { storageBytes: 4_000_000 });
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const reader = await server.connect('reader');
  const stored = await fill(queue);
  assert.ok(stored.length >= 3 && stored.length <= 5, `${stored.length} of 200 KB fit into 1 MB`);

  const started = performance.now();
  const { id } = anEnvelope();
  const batch = [0, 1].map((k) => anEntry({ id, k, of: 2, destination: `d${k}.example` }, body));
  const answer = await queue.commit(batch, 20_000);
  assert.equal(!answer.ok && answer.reason, 'full');
  assert.ok(performance.now() - started < 5_000, 'waiting does not empty a queue');
  assert.deepEqual(
    (await listEntries(reader, {})).map(({ key }) => key.id),
    stored,
  );
});

test('a stream made smaller than what it holds drops nothing', async (t) => {
  const server = await startQueue(t, { storageBytes: 4_000_000 });
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const stored = await fill(queue);
  const ensured = await ensureStreams(await server.connect('operator'), { ...sizing, storageBytes: 1_000_000 });
  assert.deepEqual(ensured, { ok: true, changed: ['stream MQ', 'stream BODY', 'stream EVT'] });
  const listed = await listEntries(await server.connect('reader'), {});
  assert.deepEqual(
    listed.map(({ key }) => key.id),
    stored,
  );
});

test('with mail and body streams full an entry can still be deferred and buried', async (t) => {
  const server = await startQueue(t, { storageBytes: 4_000_000 });
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  await fill(queue);
  const large = await queue.putBody(anEnvelope().id, new Uint8Array(3_000_000), 5_000);
  assert.equal(!large.ok && large.reason, 'full');
  const envelope = anEnvelope({ body: { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } });
  assert.ok((await queue.defer({ ...envelope, attempt: 1 }, Date.now() + 60_000)).ok);
  assert.ok((await queue.bury(undefined, Buffer.from('?'), 'mq.tx.shop~test.a~b.n_p.X.0', 'not an entry')).ok);
});

test('a full store of the whole server is "full" too', async (t) => {
  // Streams reserve their limits, so this is the case of deferrals that outgrew what was left.
  const server = await startQueue(t, { storageBytes: 4_000_000, maxFileStore: 8_000_000 });
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  for (let count = 0; ; count++) {
    assert.ok(count < 100, 'never full');
    const recipients = Array.from({ length: 5_000 }, (_, n) => ({ n, address: `${'x'.repeat(40)}${n}@example.net` }));
    const body = { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } as const;
    const answer = await queue.defer(anEnvelope({ recipients, body }), Date.now() + 600_000);
    if (answer.ok) continue;
    assert.equal(answer.reason, 'full', answer.detail);
    break;
  }
});

/** Commits mails of 200 KB until one is refused; the ids stored, in order. */
async function fill(queue: ReturnType<typeof openMailQueue>): Promise<readonly string[]> {
  const stored: string[] = [];
  for (;;) {
    const entry = anEntry({}, body);
    const answer = await queue.commit([entry], 10_000);
    if (!answer.ok) {
      assert.equal(answer.reason, 'full', answer.detail);
      return stored.sort();
    }
    stored.push(entry.envelope.id);
  }
}
