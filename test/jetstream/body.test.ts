// Bodies in chunks: whole or not at all, checked on the way back, and the same after NATS was killed.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bodySubject } from '@relayfleet/contract/subjects.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { anEnvelope, startQueue, wholeBody } from '../harness/queue.ts';

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
    const loaded = await wholeBody(queue, anEnvelope({ id, body: stored.ref }));
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
  assert.equal(await wholeBody(queue, { ...envelope, body: longer }), undefined);
  assert.equal(await wholeBody(queue, anEnvelope({ body: stored.ref })), undefined);
  await node.nc.request(bodySubject(id, 1), randomBytes(1_000_000), { timeout: 5_000 });
  assert.equal(await wholeBody(queue, envelope), undefined);
  assert.equal((await wholeBody(queue, anEnvelope(), Buffer.from('inline')))?.length, 6);
});

test('a body stored again under its id replaces itself; another body does too', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 5_000 });
  const { id } = anEnvelope();
  const [first, second] = [randomBytes(1_500_000), randomBytes(1_400_000)];
  for (const body of [first, first, second]) {
    const stored = await queue.putBody(id, body);
    assert.ok(stored.ok);
    assert.ok(body.equals((await wholeBody(queue, anEnvelope({ id, body: stored.ref })))!));
  }
});

test('without NATS a body is not "lost": reading rejects, storing is "unavailable" in time', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 1_000 });
  const { id } = anEnvelope();
  const stored = await queue.putBody(id, randomBytes(10));
  assert.ok(stored.ok);
  await server.kill9();
  await assert.rejects(wholeBody(queue, anEnvelope({ id, body: stored.ref })));
  const started = performance.now();
  const refused = await queue.putBody(id, randomBytes(20_000_000), 2_000);
  assert.equal(!refused.ok && refused.reason, 'unavailable');
  assert.ok(performance.now() - started < 4_000);
});

test('a body that arrives in pieces holds few chunks at a time, and is what was written', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 5_000 });
  const { id } = anEnvelope();
  const body = randomBytes(12_345_678);
  const writer = queue.openBody(id, 5_000);
  let waits = 0;
  for (let at = 0; at < body.length; at += 65_537) {
    const room = writer.write(body.subarray(at, at + 65_537));
    if (room !== undefined) waits += 1;
    await room;
    assert.ok(writer.held() <= 3_000_000, `${writer.held()}`);
  }
  assert.ok(waits > 0);
  const stored = await writer.end(5_000);
  assert.ok(stored.ok);
  const { relaxedHash: _, ...ref } = stored.ref;
  assert.deepEqual(ref, { kind: 'chunks', size: body.length, chunks: 13, sha256: digest(body) });
  assert.ok(body.equals((await wholeBody(queue, anEnvelope({ id, body: ref })))!));
});

test('NATS frozen while a body arrives: the writer waits so long and no longer, and then only says why', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 500 });
  const writer = queue.openBody(anEnvelope().id, 1_500);
  await writer.write(randomBytes(1_000_000));
  server.pause();
  t.after(() => server.resume());
  const started = performance.now();
  await writer.write(randomBytes(5_000_000));
  const waited = performance.now() - started;
  assert.ok(waited > 1_000 && waited < 3_000, `${waited} ms`);
  assert.equal(writer.write(randomBytes(5_000_000)), undefined);
  const stored = await writer.end(60_000);
  assert.equal(!stored.ok && stored.reason, 'unavailable');
  assert.ok(performance.now() - started < 4_000);
  assert.equal(writer.held(), 0);
});

test('a body is read a few chunks ahead, and its end says whether it was right', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const queue = openMailQueue(node, { timeoutMs: 5_000 });
  const { id } = anEnvelope();
  const body = randomBytes(4_500_000);
  const stored = await queue.putBody(id, body);
  assert.ok(stored.ok);
  const read = async (ref = stored.ref) => {
    const reading = queue.readBody({ id, body: ref });
    const parts: Buffer[] = [];
    for (;;) {
      const { done, value } = await reading.next();
      if (done === true) return { parts, end: value };
      parts.push(value);
    }
  };
  const whole = await read();
  assert.deepEqual([whole.parts.length, whole.end], [5, 'intact']);
  assert.ok(body.equals(Buffer.concat(whole.parts)));
  assert.equal((await read({ ...stored.ref, size: body.length + 1 })).end, 'damaged');
  assert.equal((await read({ ...stored.ref, sha256: 'a'.repeat(64) })).end, 'damaged');
  const shorter = await read({ ...stored.ref, size: body.length - 1 });
  assert.deepEqual([shorter.parts.length, shorter.end], [4, 'damaged'], 'what is too much is not handed on');
  await node.nc.request(bodySubject(id, 4), randomBytes(500_000), { timeout: 5_000 });
  assert.equal((await read()).end, 'damaged');
});

test('the first chunk is all of a small body, or the beginning of a larger one, and is checked', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const queue = openMailQueue(node, { timeoutMs: 5_000 });
  for (const size of [5_000, 1_500_000]) {
    const { id } = anEnvelope();
    const body = randomBytes(size);
    const stored = await queue.putBody(id, body);
    assert.ok(stored.ok);
    const first = () => queue.readFirst(anEnvelope({ id, body: stored.ref }), Buffer.alloc(0));
    assert.ok(body.subarray(0, 1_000_000).equals((await first())!));
    await node.nc.request(bodySubject(id, 0), randomBytes(Math.min(size, 1_000_000)), { timeout: 5_000 });
    assert.equal((await first())?.length, undefined, 'not what was stored'); // of a buffer the runner would print every byte
  }
  assert.equal(await queue.readFirst(anEnvelope({ body: aRef }), Buffer.alloc(0)), undefined, 'not there');
  assert.equal((await queue.readFirst(anEnvelope(), Buffer.from('inline')))?.toString(), 'inline');
});

test('NATS gone for a moment while a body is read: it is waited out', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 5_000 });
  const { id } = anEnvelope();
  const stored = await queue.putBody(id, randomBytes(5_500_000));
  assert.ok(stored.ok);
  const reading = queue.readBody({ id, body: stored.ref });
  assert.equal((await reading.next()).done, false);
  await server.kill9();
  const going = (async () => {
    for (;;) {
      const { done, value } = await reading.next();
      if (done === true) return value;
    }
  })();
  await server.restart();
  assert.equal(await going, 'intact');
});

const aRef = { kind: 'chunks', size: 5, chunks: 1, sha256: 'a'.repeat(64) } as const;
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
