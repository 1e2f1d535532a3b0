// Deferred mail is brought forward on a real server: once, whatever its schedule does meanwhile, and also when the server has
// forgotten it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import { deferredSubject } from '@relayfleet/contract/subjects.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue, type MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { manager } from '@relayfleet/jetstream/read.ts';
import { openWaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import { createMover, type MoveAll } from '@relayfleet/operator/sweep/move-all.ts';
import { createOverdueSweep } from '@relayfleet/operator/sweep/overdue-sweep.ts';
import type { NatsServer } from '../harness/nats.ts';
import { anEntry, anEnvelope, startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

const body = { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } as const;
const hour = 3_600_000;
const running = new AbortController().signal;

test('a waiting entry that is moved comes at once, once, unchanged, and says that it was woken', async (t) => {
  const { queue, reader, waiting } = await setUp(t);
  const due = Date.now() + hour;
  const envelope = anEnvelope({ attempt: 3, due, body });
  assert.ok((await queue.defer(envelope, due)).ok);
  const other = anEnvelope({ attempt: 1, due, body, destination: 'other.example' });
  assert.ok((await queue.defer(other, due)).ok);

  const { subjects, upTo, now } = await waiting.deferred({ destination: envelope.destination });
  assert.deepEqual(subjects, [deferredSubject(envelope, due)]);
  assert.ok(Math.abs(now - Date.now()) < 5_000 && upTo > 0);
  const judged: number[] = [];
  const wanted = ({ at, sequence }: { at: number; sequence: number }) => (judged.push(at), sequence <= upTo);
  assert.equal(await waiting.move(subjects[0]!, { to: now, because: 'order-1', wanted }), 'moved');
  assert.deepEqual(judged, [due]);

  const stop = new AbortController();
  for await (const taken of queue.take('retry', { maxMessages: 1, signal: stop.signal })) {
    assert.equal(taken.woken, true);
    assert.match(Buffer.from(taken.data).toString(), new RegExp(envelope.id));
    assert.equal(await taken.done(), true);
    stop.abort();
  }
  assert.equal(await waiting.move(subjects[0]!, { to: now, because: 'order-1', wanted }), 'gone');
  assert.deepEqual(await copies(reader, 'df.>'), new Map([[deferredSubject(other, due), 1]]));
});

test('what is not wanted stays as it is', async (t) => {
  const { queue, reader, waiting } = await setUp(t);
  const due = Date.now() + hour;
  const envelope = anEnvelope({ attempt: 1, due, body });
  assert.ok((await queue.defer(envelope, due)).ok);
  const subject = deferredSubject(envelope, due);
  assert.equal(await waiting.move(subject, { to: 0, because: 'x', wanted: () => false }), 'left');
  assert.equal((await listEntries(reader, { states: ['deferred'] })).length, 1);
});

test('an overdue sweep among schedules that are firing doubles nothing and loses nothing', async (t) => {
  const { queue, reader, waiting, moveAll } = await setUp(t);
  const count = 1_500;
  const at = Date.now() + 4_000;
  await deferAll(
    queue,
    Array.from({ length: count }, () => anEnvelope({ attempt: 1, due: Date.now() - 60_000, body })),
    at,
  );
  // The server fires in the order they were stored; from the other end the two meet.
  const backwards: MoveAll = (subjects, move, signal) => moveAll([...subjects].reverse(), move, signal);
  const sweep = createOverdueSweep({ waiting, moveAll: backwards, overdueMs: 0, apartMs: 0, most: count });
  assert.ok(Date.now() < at, 'all were deferred in time');
  assert.equal(await sweep.pass(running), 0);
  await until('they fire', async () => (await copies(reader, 'rt.>')).size > 0, { everyMs: 10 });
  const moved = await sweep.pass(running);
  t.diagnostic(`${moved} of ${count} were moved while they fired`);
  assert.ok(moved > 0 && moved < count, 'sweep and server met');
  await until('all have come back', async () => (await copies(reader, 'df.>')).size === 0);
  const came = await copies(reader, 'rt.>');
  assert.equal(came.size, count);
  assert.deepEqual([...came].filter(([, stored]) => stored > 1).length, 0);
});

test('mail that fell due while the storage was full leaves after space returned, and nats-server runs on', async (t) => {
  const { server, queue, reader, waiting, moveAll } = await setUp(t, {
    storageBytes: 8_000_000,
    maxFileStore: 8_000_000,
  });
  const pid = server.pid();
  const at = Date.now() + 6_000;
  const envelopes = Array.from({ length: 30 }, () => anEnvelope({ attempt: 1, due: Date.now() - 60_000, body }));
  await deferAll(queue, envelopes, at);
  const mails = await fillMail(queue);
  await fillBodies(queue);
  await fillDeferred(queue);
  assert.ok(Date.now() < at, 'the storage was full before they fell due');
  await until('they are due', () => Date.now() > at + 1_000);

  const sweep = createOverdueSweep({ waiting, moveAll, overdueMs: 500, apartMs: 1_000, most: 1_000 });
  assert.equal(await sweep.pass(running), 0); // the first look
  await assert.rejects(sweep.pass(running), /cannot be moved/);
  await emptyMail(queue, mails);
  const later = anEnvelope({ attempt: 1, due: Date.now() - 60_000, body });
  await until('a new one is stored', async () => (await queue.defer(later, Date.now())).ok);
  await until('the new one fires', async () => (await copies(reader, `rt.*.*.*.*.${later.id}.*`)).size === 1);
  const forgotten = await copies(reader, 'df.*.*.*.*.*.*');
  for (const { id } of envelopes)
    assert.ok(
      [...forgotten.keys()].some((subject) => subject.includes(id)),
      'nats-server fires them by itself: no need',
    );

  assert.equal(await sweep.pass(running), 0);
  assert.equal(await sweep.pass(running), envelopes.length);
  const came = await until('all have come back', async () => {
    const due = await copies(reader, 'rt.>');
    return envelopes.every(({ id }) => [...due.keys()].some((subject) => subject.includes(id))) ? due : undefined;
  });
  assert.ok([...came.values()].every((stored) => stored === 1));
  assert.equal(server.pid(), pid);
});

async function setUp(t: Parameters<typeof startQueue>[0], options: Parameters<typeof startQueue>[1] = {}) {
  const server: NatsServer = await startQueue(t, options);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const waiting = openWaitingMail(await server.connect('operator'));
  const moveAll = createMover({
    waiting,
    monotonic: () => performance.now(),
    sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
    onMoved: () => undefined,
  });
  return { server, queue, waiting, moveAll, reader: await server.connect('reader') };
}

async function deferAll(queue: MailQueue, envelopes: readonly Envelope[], at: number): Promise<void> {
  for (let from = 0; from < envelopes.length; from += 100)
    for (const stored of await Promise.all(envelopes.slice(from, from + 100).map((one) => queue.defer(one, at))))
      assert.ok(stored.ok);
}

/** Subjects in the stream of deferrals that match, with how many messages each has. */
async function copies(reader: Nats, subjects_filter: string): Promise<ReadonlyMap<string, number>> {
  const { state } = await (await manager(reader)).streams.info('DEFER', { subjects_filter });
  return new Map(Object.entries(state.subjects ?? {}));
}

/** How many fit. */
async function fillMail(queue: MailQueue): Promise<number> {
  for (let count = 0; ; count++)
    if (!(await queue.commit([anEntry({}, new Uint8Array(200_000))], 2_000)).ok) return count;
}

async function fillBodies(queue: MailQueue): Promise<void> {
  while ((await queue.putBody(anEnvelope().id, new Uint8Array(200_000), 2_000)).ok);
}

async function fillDeferred(queue: MailQueue): Promise<void> {
  const recipients = Array.from({ length: 3_000 }, (_, n) => ({ n, address: `${'x'.repeat(40)}${n}@example.net` }));
  const due = Date.now() + hour;
  while ((await queue.defer(anEnvelope({ recipients, body, due }), due, { deadlineMs: 2_000 })).ok);
}

async function emptyMail(queue: MailQueue, count: number): Promise<void> {
  const stop = new AbortController();
  let left = count;
  for await (const taken of queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    assert.equal(await taken.done(), true);
    if (--left === 0) stop.abort();
  }
}
