// Bodies in chunks: whole or not at all, checked on the way back, and the same after NATS was killed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bodySubject } from '@relayfleet/contract/subjects.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { anEnvelope, startQueue } from '../harness/queue.ts';

for (const size of [0, 1, 999_999, 1_000_000, 1_000_001, 12_345_678])
  test(`a body of ${size} bytes comes back as it was`, async (t) => {
    const server = await startQueue(t);
    const queue = openMailQueue(await server.connect('node'), { timeoutMs: 5_000 });
    const { id } = anEnvelope();
    const body = randomBytes(size);
    const stored = await queue.putBody(id, body);
    assert.ok(stored.ok);
    assert.equal(stored.ref.chunks, Math.max(1, Math.ceil(size / 1_000_000)));
    await server.kill9();
    await server.restart();
    const loaded = await queue.getBody(anEnvelope({ id, body: stored.ref }), new Uint8Array());
    assert.ok(loaded !== undefined && body.equals(loaded));
  });

test('a body is undefined when a chunk is missing or another, and an inline body is the one given', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const queue = openMailQueue(node, { timeoutMs: 5_000 });
  const { id } = anEnvelope();
  const stored = await queue.putBody(id, randomBytes(2_500_000));
  assert.ok(stored.ok);
  const envelope = anEnvelope({ id, body: stored.ref });
  const longer = { ...stored.ref, chunks: 4 };
  assert.equal(await queue.getBody({ ...envelope, body: longer }, new Uint8Array()), undefined);
  assert.equal(await queue.getBody(anEnvelope({ body: stored.ref }), new Uint8Array()), undefined);
  await node.nc.request(bodySubject(id, 1), randomBytes(1_000_000), { timeout: 5_000 });
  assert.equal(await queue.getBody(envelope, new Uint8Array()), undefined);
  assert.equal((await queue.getBody(anEnvelope(), Buffer.from('inline')))?.length, 6);
});

test('a body stored again under its id replaces itself; another body does too', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 5_000 });
  const { id } = anEnvelope();
  const [first, second] = [randomBytes(1_500_000), randomBytes(1_400_000)];
  for (const body of [first, first, second]) {
    const stored = await queue.putBody(id, body);
    assert.ok(stored.ok);
    assert.ok(body.equals((await queue.getBody(anEnvelope({ id, body: stored.ref }), new Uint8Array()))!));
  }
});

test('without NATS a body is not "lost": reading rejects, storing is "unavailable" in time', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 1_000 });
  const { id } = anEnvelope();
  const stored = await queue.putBody(id, randomBytes(10));
  assert.ok(stored.ok);
  await server.kill9();
  await assert.rejects(queue.getBody(anEnvelope({ id, body: stored.ref }), new Uint8Array()));
  const started = performance.now();
  const refused = await queue.putBody(id, randomBytes(20_000_000), 2_000);
  assert.equal(!refused.ok && refused.reason, 'unavailable');
  assert.ok(performance.now() - started < 4_000);
});
