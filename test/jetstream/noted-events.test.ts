// Events nobody waits for: they are written a moment later, many at once, before a node that stops in an orderly way has ended;
// those that cannot be written are counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptedEvent } from '@relayfleet/contract/event.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { eventsOf } from '@relayfleet/jetstream/inspect.ts';
import { anEnvelope, startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

const anAcceptance = (): AcceptedEvent => {
  const { id, k, platform, domain, acceptedAt: at, acceptedBy: node, lane } = anEnvelope();
  const sizes = { size: 10, recipients: 1, destinations: 1, commitMs: 1 };
  return { v: 1, at, node, id, k, platform, domain, type: 'accepted', kind: 'mail', lane, tls: 'TLSv1.3', ...sizes };
};

test('what was noted is there soon, by itself, and after closing at once', async (t) => {
  const server = await startQueue(t);
  const reader = await server.connect('reader');
  const log = openEventLog(await server.connect('node'), () => assert.fail('nothing is lost'));
  const [first, ...rest] = Array.from({ length: 301 }, anAcceptance) as [AcceptedEvent, ...AcceptedEvent[]];
  log.note(first);
  await until('the first is written', async () => (await eventsOf(reader, first.id)).length === 1);
  for (const event of rest) log.note(event); // more than fit into one batch
  await log.close();
  for (const event of rest) assert.deepEqual(await eventsOf(reader, event.id), [event]);
});

test('what cannot be written is counted', async (t) => {
  const server = await startQueue(t);
  const nats = await server.connect('node');
  let lost = 0;
  const log = openEventLog(nats, (events) => (lost += events));
  await nats.close();
  for (let i = 0; i < 3; i++) log.note(anAcceptance());
  await log.close();
  assert.equal(lost, 3);
});
