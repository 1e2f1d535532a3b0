// What is read of the event stream is all there is, however much one answer of the server holds.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { encodeEvents } from '@relayfleet/contract/event.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { eventSubject } from '@relayfleet/contract/subjects.ts';
import { eventsOf } from '@relayfleet/jetstream/inspect.ts';
import { lastAttempts, withEvents } from '@relayfleet/jetstream/remains.ts';
import { anAttempt, anEnvelope, startQueue } from '../harness/queue.ts';

test('more events than one answer holds', async (t) => {
  const server = await startQueue(t, { syncAlways: false });
  const { nc } = await server.connect('node');
  const reader = await server.connect('reader');
  const put = async (subjects: readonly string[], bytes: Uint8Array) =>
    Promise.all(subjects.map((subject) => nc.request(subject, bytes, { timeout: 20_000 })));

  const mail = anEnvelope();
  const attempt = anAttempt(mail);
  const many = 2_100;
  const subject = eventSubject(mail.platform, mail.id, 0, 'attempted');
  await put(Array<string>(many).fill(subject), encodeEvents([attempt]));
  assert.equal((await eventsOf(reader, mail.id)).length, many);

  const envelopes = Array.from({ length: 1_200 }, () => anEnvelope({ id: newMailId(Date.now(), randomBytes) }));
  for (const type of ['accepted', 'attempted', 'settled'])
    await put(
      envelopes.map(({ platform, id }) => eventSubject(platform, id, 0, type)),
      encodeEvents([attempt]),
    );
  const strangers = Array.from({ length: 1_200 }, () => newMailId(Date.now(), randomBytes));
  const ids = envelopes.map(({ id }) => id);
  assert.deepEqual([...(await withEvents(reader, [...strangers, ...ids]))].toSorted(), ids.toSorted());
  assert.deepEqual(await withEvents(reader, []), new Set());
  assert.equal((await lastAttempts(reader, envelopes)).size, 1, 'each says it is of the one mail');
});
