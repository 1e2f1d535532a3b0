// An entry that cannot be worked on, or be read, comes again byte for byte with what is known of its setbacks, counted anew by the
// server, and beside whatever else of the same mail waits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEntry } from '@relayfleet/contract/envelope.ts';
import type { Setback } from '@relayfleet/contract/setback.ts';
import { mailSubject, type ConsumerKey } from '@relayfleet/contract/subjects.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue, type MailQueue, type Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { anEnvelope, anEntry, startQueue } from '../harness/queue.ts';

async function takeOne(queue: MailQueue, consumer: ConsumerKey): Promise<Taken> {
  const stop = new AbortController();
  for await (const taken of queue.take(consumer, { maxMessages: 1, signal: stop.signal })) {
    stop.abort();
    return taken;
  }
  throw new Error('nothing came');
}

const setback: Setback = { because: 'workers-ended', times: 3, since: 1_700_000_000_000 };

test('put back as it is, an entry comes again with its bytes and setbacks, as if never handed out', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const { envelope, body } = anEntry({}, Buffer.from('Subject: x\r\n\r\nHello\r\n'));
  const newer = Buffer.from(encodeEntry({ ...envelope, v: 2 } as unknown as typeof envelope, body));
  await server.connect('node').then(({ nc }) => nc.request(mailSubject(envelope), newer));
  (await takeOne(queue, 'transactional')).release();
  const first = await takeOne(queue, 'transactional');
  assert.deepEqual([first.deliveries, first.setback], [2, undefined]);
  assert.ok((await queue.postpone({ ...first, setback }, Date.now())).ok);
  await first.done();

  const second = await takeOne(queue, 'retry');
  assert.ok(newer.equals(second.data));
  assert.equal(second.subject, first.subject.replace(/^mq/, 'rt'));
  assert.deepEqual([second.deliveries, second.setback, second.woken], [1, setback, false]);
  assert.ok((await queue.postpone({ ...second, woken: true }, Date.now())).ok);
  await second.done();

  const third = await takeOne(queue, 'retry');
  assert.deepEqual([third.subject, third.setback, third.woken], [second.subject, setback, true]);
  await third.done();
  assert.deepEqual(await listEntries(await server.connect('reader'), {}), []);
});

test('it takes no other schedule’s place: the copy in hand may be older than what waits', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const due = Math.floor(Date.now() / 60_000 + 60) * 60_000; // one minute, as far away as can be
  const body = { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } as const;
  const envelope = anEnvelope({ attempt: 2, due, body });
  assert.ok((await queue.defer(envelope, due)).ok);
  const old = { ...envelope, attempt: 0 };
  assert.ok((await queue.defer(old, due + 1, { setback })).ok);
  const subject = mailSubject(old);
  assert.ok((await queue.postpone({ subject, data: encodeEntry(old), woken: false, setback }, due + 120_000)).ok);
  const listed = await listEntries(await server.connect('reader'), {});
  assert.deepEqual(
    listed.map(({ state, dueAt = 0 }) => `${state} ${dueAt}`).toSorted((one, other) => one.localeCompare(other)),
    [due, due, due + 120_000].map((at) => `deferred ${at}`),
  );
});
