// kill -9 of nats-server under load: what was acknowledged is there afterwards, and a redelivery is known as one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue, type Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { anAttempt, anEntry, anEnvelope, startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

test('every acknowledged commit and event survives three kills under load', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const reader = await server.connect('reader');
  const queue = openMailQueue(node, { timeoutMs: 1_000 });
  const log = openEventLog(node);
  const acknowledged = new Set<string>();
  const recorded: Parameters<typeof anAttempt>[0][] = [];
  let running = true;

  const committing = Array.from({ length: 20 }, async () => {
    while (running) {
      const entry = anEntry({}, new Uint8Array(5_000));
      if (!(await queue.commit([entry], 20_000)).ok) continue;
      acknowledged.add(entry.envelope.id);
      await log.append([anAttempt(entry.envelope)], 20_000);
      recorded.push(entry.envelope);
    }
  });
  for (let kills = 0; kills < 3; kills++) {
    const before = recorded.length;
    await until('mails flow', () => recorded.length > before + 100);
    await server.kill9();
    await server.restart();
  }
  running = false;
  await Promise.all(committing);

  const stored = new Set((await listEntries(reader, {})).map(({ key }) => key.id));
  assert.deepEqual(
    [...acknowledged].filter((id) => !stored.has(id)),
    [],
  );
  for (const { platform, id, k } of recorded.filter((_, index) => index % 50 === 0))
    assert.partialDeepStrictEqual(await log.lastAttempted(platform, id, k), { attempt: 1 });
});

test('after a kill every redelivery says that it may have been seen, whatever the server counts', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 1_000 });
  const entries = Array.from({ length: 50 }, () => anEntry());
  for (const entry of entries) assert.ok((await queue.commit([entry], 10_000)).ok);

  const stop = new AbortController();
  t.after(() => stop.abort());
  const taken: Pick<Taken, 'subject' | 'deliveries' | 'maybeSeen'>[] = [];
  void (async () => {
    for await (const entry of queue.take('transactional', { maxMessages: 200, signal: stop.signal })) {
      taken.push(entry);
      // At this moment the server has handed out all of them, and has not yet written that down.
      if (taken.length === 5) process.kill(server.pid(), 'SIGKILL');
    }
  })();
  await until('entries are handed out', () => taken.length >= 5);
  await server.kill9();
  const before = taken.length;
  await server.restart();
  const again = () => taken.slice(before);
  const all = () => new Set(again().map(({ subject }) => subject)).size === entries.length;
  await until('all come again', all, { withinMs: 60_000 });
  const forgotten = again().filter(({ deliveries }) => deliveries === 1).length;
  t.diagnostic(`of ${before} handed out before the kill the server counted ${forgotten} as new afterwards`);
  assert.ok(again().every(({ maybeSeen }) => maybeSeen));
});

test('the record of an attempt is what a redelivery finds; without NATS it is not "none"', async (t) => {
  const server = await startQueue(t);
  const node = await server.connect('node');
  const log = openEventLog(node);
  const envelope = anEnvelope();
  const { platform, id, k } = envelope;
  assert.equal(await log.lastAttempted(platform, id, k), undefined);
  const first = anAttempt(envelope);
  const second = { ...anAttempt(envelope), attempt: 2, at: first.at + 1 };
  await log.append([first]);
  await log.append([second]);
  await log.append([second]);
  assert.deepEqual(await log.lastAttempted(platform, id, k), second);
  assert.equal(await log.lastAttempted(platform, id, 1), undefined);
  await server.kill9();
  await assert.rejects(log.lastAttempted(platform, id, k));
  await assert.rejects(log.append([first], 1_000), /not stored: unavailable/);
  await log.close();
});
