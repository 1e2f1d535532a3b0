// A sweep that dies between any two of its writes, as with its operator: whoever sweeps next finishes it, from the stream and from the
// disk, and touches nothing else.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { createBodySweep } from '@relayfleet/operator/sweep/body-sweep.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { startTripwire, type Moment, type Write } from '../harness/nats-tripwire.ts';
import { anAttempt, anEnvelope, startQueue, wholeBody } from '../harness/queue.ts';
import { isInStore } from '../harness/store-files.ts';

const to = (subject: string) => (write: Write) => write.subject === subject;
const deletion = to('$JS.API.STREAM.MSG.DELETE.BODY');
const purge = to('$JS.API.STREAM.PURGE.BODY');

/** The second write it holds for. */
function second(holds: Moment['write']): Moment['write'] {
  let seen = 0;
  return (write) => holds(write) && ++seen === 2;
}

const moments: Readonly<Record<string, () => Moment>> = {
  'before its first chunk is overwritten': () => ({ when: 'before', write: deletion }),
  'between two chunks': () => ({ when: 'before', write: second(deletion) }),
  'between the last chunk and the purge': () => ({ when: 'before', write: purge }),
  'after the purge, before its confirmation': () => ({ when: 'after', write: purge }),
};

for (const [name, moment] of Object.entries(moments))
  test(`a sweep cut off ${name} is finished by the next, and nothing else goes`, async (t) => {
    const server = await startQueue(t);
    const node = await server.connect('node');
    const queue = openMailQueue(node, { timeoutMs: 2_000 });
    const finished = await store(queue);
    await openEventLog(node).append([anAttempt(finished.envelope)]);
    const held = await store(queue);
    assert.ok((await queue.commit([{ envelope: held.envelope }], 5_000)).ok);

    const tripwire = await startTripwire(t, { port: Number(new URL(server.url).port) });
    const dying = await connectNats({ ...server.settings('operator'), url: tripwire.url });
    t.after(() => dying.close());
    const died = tripwire.arm(moment(), () => {
      void dying.nc.close();
      return 'stop';
    });
    await Promise.allSettled([sweepTwice(dying), died]);
    await died;

    const next = await server.connect('operator');
    await sweepTwice(next);
    assert.deepEqual([...(await openStoredBodies(next).list()).keys()], [held.envelope.id]);
    assert.equal(isInStore(server, finished.text), false);
    const kept = await wholeBody(queue, held.envelope);
    assert.ok(kept?.includes(held.text));
  });

/** What an operator does that has just started: the first pass only looks. */
async function sweepTwice(nats: Nats): Promise<void> {
  const clock = { now: 0 };
  const bodies = openStoredBodies(nats);
  const sweep = createBodySweep({ bodies, monotonic: () => clock.now, limits: { looks: 100, ms: 60_000 } });
  for (let pass = 0; pass < 2; pass++) {
    await sweep.pass(new AbortController().signal);
    clock.now += 60_000;
  }
}

/** A body of three chunks, its text in the first of them and in the last. */
async function store(queue: ReturnType<typeof openMailQueue>) {
  const text = `unmistakably ${randomBytes(8).toString('hex')}`;
  const { id } = anEnvelope();
  const body = Buffer.concat([Buffer.from(text), Buffer.alloc(2_500_000, 'x'), Buffer.from(text)]);
  const stored = await queue.putBody(id, body);
  assert.ok(stored.ok);
  return { text, envelope: anEnvelope({ id, body: stored.ref }) };
}
