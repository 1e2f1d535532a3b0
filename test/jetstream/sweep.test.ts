// The sweep against a real server: what is finished or was never committed goes, from the stream and from the disk; what anyone
// may still need stays.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { commitWithinMs, orphanAfterMs } from '@relayfleet/contract/body-grace.ts';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { openMailQueue, type MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { createBodySweep } from '@relayfleet/operator/sweep/body-sweep.ts';
import { patience } from '@relayfleet/relay-node/accept.ts';
import { anAttempt, anEnvelope, startQueue, wholeBody } from '../harness/queue.ts';
import { isInStore } from '../harness/store-files.ts';
import { until } from '../harness/until.ts';

test('the body of a finished mail is nowhere in the store’s files, though others beside it stay', async (t) => {
  const { server, queue, log, bodies, pass } = await setUp(t);
  const held = await store(queue, 'the text of a mail that is held');
  const finished = await store(queue, 'the text of a mail that is finished', 2_300_000);
  const after = await store(queue, 'the text of a mail behind it');
  for (const { envelope } of [held, after]) assert.ok((await queue.commit([{ envelope }], 5_000)).ok);
  await log.append([anAttempt(finished.envelope)]);
  assert.ok(isInStore(server, finished.text));

  assert.deepEqual(await pass(), { finished: 0, orphans: 0 });
  assert.deepEqual(await pass(60_000), { finished: 1, orphans: 0 });
  assert.deepEqual([...(await bodies.list()).keys()].sort(), [held.envelope.id, after.envelope.id].sort());
  assert.equal(isInStore(server, finished.text), false);
  for (const { envelope, text } of [held, after]) {
    const body = await wholeBody(queue, envelope);
    assert.ok(Buffer.from(body!).includes(text));
  }
  await server.kill9(); // what was overwritten must not come back
  await server.restart();
  assert.equal(isInStore(server, finished.text), false);
  assert.ok(Buffer.from((await wholeBody(queue, held.envelope))!).includes(held.text));
});

test('a body whose mail was never committed goes too, and a part of one', async (t) => {
  const { server, queue, bodies, pass } = await setUp(t);
  const orphan = await store(queue, 'the text of a mail that nobody committed');
  const part = anEnvelope();
  await (
    await server.connect('node')
  ).nc.request(`b.${part.id}.0000`, 'the first chunk and no more', { timeout: 2_000 });
  await pass();
  assert.deepEqual(await pass(orphanAfterMs - 1), { finished: 0, orphans: 0 });
  assert.deepEqual(await pass(1), { finished: 0, orphans: 2 });
  assert.equal((await bodies.list()).size, 0);
  assert.equal(isInStore(server, orphan.text), false);
});

test('the body of a mail that was dropped on order goes like that of any finished one', async (t) => {
  const { server, queue, log, bodies, pass } = await setUp(t);
  const { envelope, text } = await store(queue, 'the text of a mail that is dropped');
  assert.ok((await queue.commit([{ envelope }], 5_000)).ok);
  const dropped = { n: 0, outcome: 'dropped', category: 'order', status: '5.7.1' } as const;
  const stop = new AbortController();
  t.after(() => stop.abort());
  for await (const taken of queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    await log.append([{ ...anAttempt(envelope), results: [dropped], hop: null, tls: null, nextDue: null }]);
    await pass();
    assert.deepEqual(await pass(orphanAfterMs), { finished: 0, orphans: 0 }, 'its node still has the entry in hand');
    assert.ok(await taken.done());
    break;
  }
  await pass();
  assert.deepEqual(await pass(60_000), { finished: 1, orphans: 0 });
  assert.equal((await bodies.list()).size, 0);
  assert.equal(isInStore(server, text), false);
});

test('half a body, whose node ended before the rest of it came, is overwritten like a whole one', async (t) => {
  const { server, queue, bodies, pass } = await setUp(t);
  const { id } = anEnvelope();
  const text = `the first half, unmistakably ${randomBytes(8).toString('hex')}`;
  const writer = queue.openBody(id, 5_000);
  await writer.write(Buffer.concat([Buffer.from(text), Buffer.alloc(2_400_000, 'x')]));
  await until('both full chunks and where they lie', async () => (await bodies.list()).get(id) === 4);
  assert.equal((await bodies.look(id)).sequences.length, 2);
  const beside = await store(queue, 'a body stored later, in the same file');
  assert.ok((await queue.commit([{ envelope: beside.envelope }], 5_000)).ok);
  assert.ok(isInStore(server, text));
  await pass();
  assert.deepEqual(await pass(orphanAfterMs), { finished: 0, orphans: 1 });
  assert.equal(isInStore(server, text), false);
});

test('an orphan is not taken for one while its message may still be arriving', () => {
  assert.ok(commitWithinMs > patience.data + patience.commit + 60_000, 'who is only slow gets his 250');
  assert.ok(orphanAfterMs >= commitWithinMs + 120_000, 'no clock is so wrong in so short a time');
});

test('ready, taken, deferred, due and dead mail keeps its body, and so does one of several destinations', async (t) => {
  const { queue, log, bodies, pass } = await setUp(t);
  const kept: string[] = [];
  const keep = async (put: (envelope: Envelope) => Promise<unknown>) => {
    const { envelope } = await store(queue, 'kept');
    await put(envelope);
    await log.append([anAttempt({ ...envelope, k: 7 })]); // another destination is finished
    kept.push(envelope.id);
  };
  await keep(async (envelope) =>
    assert.ok((await queue.commit([{ envelope: { ...envelope, k: 1, of: 8 } }], 5_000)).ok),
  );
  await keep(async (envelope) => assert.ok((await queue.defer({ ...envelope, attempt: 1 }, Date.now() + 600_000)).ok));
  await keep(async (envelope) => assert.ok((await queue.defer({ ...envelope, attempt: 1 }, Date.now())).ok));
  await keep(async (envelope) => assert.ok((await queue.bury(envelope, Buffer.from('?'), 'mq.x', 'test')).ok));
  const buried = await store(queue, 'kept, though nobody can read its entry');
  const subject = `mq.tx.shop~test.a~b.n_p.${buried.envelope.id}.0`;
  assert.ok((await queue.bury(undefined, Buffer.from('?'), subject, 'not an entry')).ok);
  kept.push(buried.envelope.id);
  const stop = new AbortController();
  t.after(() => stop.abort());
  for await (const _taken of queue.take('transactional', { maxMessages: 5, signal: stop.signal })) break;

  for (let round = 0; round < 4; round++) assert.deepEqual(await pass(orphanAfterMs), { finished: 0, orphans: 0 });
  assert.deepEqual([...(await bodies.list()).keys()].sort(), kept.sort());
  for (const id of kept) assert.equal((await bodies.look(id)).hasEntry, true);
});

test('while NATS is away or a stream is missing a pass rejects and removes nothing', async (t) => {
  const { server, queue, bodies, pass } = await setUp(t);
  await store(queue, 'kept');
  await pass();
  await server.kill9();
  await assert.rejects(pass(orphanAfterMs));
  await server.restart();
  assert.deepEqual(await pass(1), { finished: 0, orphans: 0 });
  assert.equal((await bodies.list()).size, 1);
});

test('what is stored after the look is not erased', async (t) => {
  const { queue, bodies } = await setUp(t);
  const { envelope } = await store(queue, 'first');
  const facts = await bodies.look(envelope.id);
  const second = await queue.putBody(envelope.id, Buffer.from('second'));
  assert.ok(second.ok);
  await bodies.erase(envelope.id, facts);
  await bodies.erase(envelope.id, facts); // a pass that ended in between does it again
  const body = await wholeBody(queue, { ...envelope, body: second.ref });
  assert.equal(Buffer.from(body!).toString(), 'second');
});

async function setUp(t: TestContext) {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const bodies = openStoredBodies(await server.connect('operator'));
  const clock = { now: 0 };
  const sweep = createBodySweep({ bodies, monotonic: () => clock.now, limits: { looks: 100, ms: 60_000 } });
  const pass = (afterMs = 0) => {
    clock.now += afterMs;
    return sweep.pass(new AbortController().signal);
  };
  return { server, queue: openMailQueue(node, { timeoutMs: 2_000 }), log: openEventLog(node), bodies, pass };
}

/** A body stored in chunks, its text in the first of them and in the last, and an envelope that refers to it. */
async function store(queue: MailQueue, words: string, size = 1_000) {
  const text = `${words}, unmistakably ${randomBytes(8).toString('hex')}`;
  const bytes = Buffer.concat([Buffer.from(text), Buffer.alloc(size, 'x'), Buffer.from(text)]);
  const { id } = anEnvelope();
  const stored = await queue.putBody(id, bytes);
  assert.ok(stored.ok);
  return { text, envelope: anEnvelope({ id, body: stored.ref }) };
}
