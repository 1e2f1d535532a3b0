// Taking entries: no more than asked for, given back when released or stopped, and on again after every failure of NATS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue, type MailQueue, type Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { anEntry, startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';

test('never more entries are unfinished than asked for, and the rest stays for other nodes', async (t) => {
  const server = await startQueue(t);
  const [a, b] = [open(await server.connect('node')), open(await server.connect('node'))];
  await commit(a, 10);
  const takerA = takeAll(t, a, 3);
  await until('node a holds three', () => takerA.held.length === 3);
  const takerB = takeAll(t, b, 20);
  await until('node b has the other seven', () => takerB.held.length === 7);
  assert.equal(takerA.held.length, 3);
  assert.equal(await takerA.held[0]!.done(), true);
  await commit(b, 1);
  await until('the free slot is used by one of the two', () => takerA.held.length + takerB.held.length === 11);
  assert.ok(takerA.held.length <= 4);
});

test('a released entry comes again at once, and says that it was seen before', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  const taker = takeAll(t, queue, 5);
  await until('the taker is at work', () => commit(queue, 1).then(() => true));
  const first = await until('a first delivery', () => taker.held[0]);
  assert.equal(first.deliveries, 1);
  first.release();
  const second = await until('a second delivery', () => taker.held[1], { withinMs: 5_000 });
  assert.equal(second.subject, first.subject);
  assert.deepEqual([second.deliveries, second.maybeSeen], [2, true]);
});

test('an entry stored while the taker waits is certainly new', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  const taker = takeAll(t, queue, 5);
  await commit(queue, 1); // makes sure that the taker has found its consumer
  (await until('the first entry', () => taker.held[0])).release();
  await commit(queue, 1);
  await until('the new entry', () => taker.held.find(({ deliveries, maybeSeen }) => deliveries === 1 && !maybeSeen));
});

test('stopping gives back what was not handed out, so that another node has it at once', async (t) => {
  const server = await startQueue(t);
  const [a, b] = [open(await server.connect('node')), open(await server.connect('node'))];
  await commit(a, 20);
  const stop = new AbortController();
  for await (const taken of a.take('transactional', { maxMessages: 20, signal: stop.signal })) {
    taken.release();
    stop.abort();
  }
  const taker = takeAll(t, b, 20);
  await until('node b has all twenty', () => new Set(taker.held.map(({ subject }) => subject)).size === 20, {
    withinMs: 10_000, // far below the 30 s after which the server takes them back by itself
  });
});

test('taking goes on after NATS was killed, after it hung, and after its connection was cut', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  const taker = takeAll(t, queue, 5, (taken) => void taken.done());
  let expected = 0;
  const oneMoreComes = async () => {
    const before = taker.held.length;
    await commit(queue, 1);
    await until(`entry ${++expected}`, () => taker.held.length > before, { withinMs: 20_000 });
  };
  await oneMoreComes();
  await server.kill9();
  await server.restart();
  await oneMoreComes();
  server.pause();
  await until('the hang is noticed', () => server.log().then(() => true));
  server.resume();
  await oneMoreComes();
  await server.restart();
  await oneMoreComes();
});

test('after a kill of NATS nobody takes before the others had time to come back and say what they did', async (t) => {
  const server = await startQueue(t);
  const [a, b] = [await server.connect('node'), await server.connect('node')];
  const takers = [takeAll(t, open(a), 50), takeAll(t, open(b), 50)];
  const held = () => takers.flatMap((taker) => taker.held);
  await commit(open(a), 20);
  const first = await until('first deliveries', () => (held().length > 0 ? held() : undefined), { everyMs: 1 });
  await server.kill9(); // it forgets whom it has just given what
  const before = held();
  await server.restart();
  await until('both are back', () => a.isConnected() && b.isConnected(), { everyMs: 5 });
  const back = performance.now();
  const again = () => held().find((taken) => !before.includes(taken));
  const second = await until('a second delivery', again, { withinMs: 40_000, everyMs: 5 });
  const afterMs = Math.round(performance.now() - back);
  t.diagnostic(`${first.length} held, again after ${afterMs} ms`);
  assert.ok(afterMs > 800, `again after ${afterMs} ms`);
  assert.equal(second.maybeSeen, true);
});

test('extending keeps an entry; a node that says nothing loses it to another', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  const taker = takeAll(t, queue, 5);
  await commit(queue, 2);
  const [kept, lost] = await until('both entries', () => taker.held.length === 2 && taker.held);
  const extending = setInterval(() => kept!.extend(), 5_000);
  t.after(() => clearInterval(extending));
  const again = await until('the silent one comes again', () => taker.held[2], { withinMs: 45_000 });
  assert.equal(again.subject, lost!.subject);
  assert.equal(taker.held.filter(({ subject }) => subject === kept!.subject).length, 1);
});

test('an acknowledged entry is gone from the queue when done() says so', async (t) => {
  const server = await startQueue(t);
  const queue = open(await server.connect('node'));
  const reader = await server.connect('reader');
  const taker = takeAll(t, queue, 1);
  await commit(queue, 1);
  const taken = await until('the entry', () => taker.held[0]);
  assert.equal((await listEntries(reader, {})).length, 1);
  assert.equal(await taken.done(), true);
  assert.equal((await listEntries(reader, {})).length, 0);
});

function open(nats: Parameters<typeof openMailQueue>[0]): MailQueue {
  return openMailQueue(nats, { timeoutMs: 2_000 });
}

async function commit(queue: MailQueue, count: number): Promise<void> {
  for (let n = 0; n < count; n++) assert.ok((await queue.commit([anEntry()], 20_000)).ok);
}

/** Takes until the test ends; `held` is everything that was handed out. */
function takeAll(
  t: { after(fn: () => void): void },
  queue: MailQueue,
  maxMessages: number,
  onTaken: (taken: Taken) => void = () => undefined,
): { readonly held: readonly Taken[] } {
  const held: Taken[] = [];
  const stop = new AbortController();
  t.after(() => stop.abort());
  void (async () => {
    for await (const taken of queue.take('transactional', { maxMessages, signal: stop.signal })) {
      held.push(taken);
      onTaken(taken);
    }
  })();
  return { held };
}
