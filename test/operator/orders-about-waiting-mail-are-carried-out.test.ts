// People's orders about waiting mail, carried out by the operator's process on a real server: a retry brings forward what it is
// about and nothing else, a drop hands everything to the nodes until nothing is left, and an operator that is killed goes on.
// The test is the only node: what it does not take stays.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import { wokenHeader, type Order } from '@relayfleet/contract/order.ts';
import { parseEntrySubject } from '@relayfleet/contract/subjects.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { manager, readLast } from '@relayfleet/jetstream/read.ts';
import { anEntry, anEnvelope } from '../harness/queue.ts';
import { until } from '../harness/until.ts';
import { startMachine, usualObjects } from './machine.ts';

const body = { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } as const;
const hour = 3_600_000;
const common = { v: 1, reason: 'a test', at: 1 } as const;

test('a retry brings forward exactly what it is about; a hold stays', { timeout: 120_000 }, async (t) => {
  const { operator, defer, put, orders, idsIn, reader } = await setUp(t);
  const ids = await defer([
    { destination: 'a.test' },
    { destination: 'a.test', lane: 'bulk' },
    { destination: 'a.test', heldSince: 5 },
    { destination: 'b.test', heldSince: 5 },
    { destination: 'c.test' },
  ]);
  const those = (...places: readonly number[]) => places.map((place) => ids[place] ?? '').sort();
  await put({ ...common, kind: 'hold', name: 'keep', filter: { destination: 'c.test' } });
  await put({
    ...common,
    kind: 'retry',
    name: 'try-a',
    held: false,
    filter: { destination: 'a.test', lane: 'transactional' },
  });
  await until('the order is carried out', async () => (await orders()).join() === 'keep');
  await until('they are due', async () => (await idsIn('rt')).length === 2);
  assert.deepEqual(await idsIn('rt'), those(0, 2));
  assert.deepEqual(await idsIn('df'), those(1, 3, 4));
  const subject = `rt.tx.example~com.a~test.team_shop.${ids[0]}.0`;
  assert.equal((await readLast(reader, 'DEFER', subject))?.header.get(wokenHeader), 'try-a');

  await put({ ...common, kind: 'retry', name: 'released', held: true, filter: {} });
  await until('the held one is due', async () => (await idsIn('rt')).length === 3);
  assert.deepEqual(await idsIn('df'), those(1, 4));
  await until('the order is carried out', async () => (await orders()).join() === 'keep');
  assert.match(operator.log(), /"order":"released"/);
  assert.doesNotMatch(operator.log(), /someone@|example\.net|a\.test/);
});

test('a drop brings forward whatever waits or is put back, until nothing is left', { timeout: 120_000 }, async (t) => {
  const { queue, operator, defer, put, orders, idsIn } = await setUp(t);
  const filter = { destination: 'a.test' };
  await defer([filter, filter, filter, { destination: 'b.test' }]);
  assert.ok((await queue.commit([anEntry(filter)], 5_000)).ok);
  await put({ ...common, kind: 'drop', name: 'drop-a', bounce: false, filter });
  await until('those that waited are due', async () => (await idsIn('rt')).length === 3);

  const stop = new AbortController();
  t.after(() => stop.abort());
  const ended: string[] = [];
  const putBack = new Set<string>();
  const work = async (consumer: 'retry' | 'transactional') => {
    for await (const taken of queue.take(consumer, { maxMessages: 2, signal: stop.signal })) {
      const { id } = parseEntrySubject(taken.subject)!.key;
      // One is put back as a node does that has no time left for it.
      if (putBack.size === 0 && taken.woken) {
        putBack.add(id);
        const due = Date.now() + 2 * hour;
        assert.ok((await queue.defer(anEnvelope({ id, ...filter, attempt: 1, due, body }), due)).ok);
      } else ended.push(id);
      assert.deepEqual(await orders(), ['drop-a'], 'not withdrawn before nothing is left');
      await taken.done();
    }
  };
  const working = Promise.all([work('retry'), work('transactional')]);
  await until('the order is carried out', async () => (await orders()).length === 0);
  stop.abort();
  await working;
  assert.equal(ended.length, 4);
  assert.ok(ended.includes([...putBack][0]!));
  assert.equal((await idsIn('df')).length, 1);
  assert.match(operator.log(), /"order":"drop-a"/);
});

test('an operator that is killed in the middle of an order goes on with it', { timeout: 240_000 }, async (t) => {
  const { machine, operator, defer, put, orders, idsIn } = await setUp(t);
  const count = 3_000;
  await defer(Array.from({ length: count }, () => ({})));
  await put({ ...common, kind: 'retry', name: 'everything', held: false, filter: {} });
  await until('it is at work', async () => (await idsIn('rt')).length > 0, { everyMs: 20 });
  await operator.stop('SIGKILL');
  const moved = (await idsIn('rt')).length;
  t.diagnostic(`killed after ${moved} of ${count}`);
  assert.ok(moved < count, 'killed in the middle');
  assert.deepEqual(await orders(), ['everything']);
  await machine.startOperator();
  await until('the order is carried out', async () => (await orders()).length === 0);
  await until('all are due', async () => (await idsIn('rt')).length === count);
  assert.equal(new Set(await idsIn('rt')).size, count);
  assert.deepEqual(await idsIn('df'), []);
});

async function setUp(t: TestContext) {
  const machine = await startMachine(t);
  machine.apply(...usualObjects);
  const operator = await machine.startOperator();
  await machine.untilSeen('the platform', ({ snapshot }) => snapshot.platforms.size === 1, 30_000);
  const queue = openMailQueue(await machine.nats.connect('node'), { timeoutMs: 2_000 });
  const book = openOrderBook(await machine.nats.connect('keeper'));
  const reader = await machine.nats.connect('reader');

  const defer = async (changes: readonly Partial<Envelope>[]) => {
    const due = Date.now() + 10 * hour;
    const envelopes = changes.map((change) => anEnvelope({ attempt: 1, due, body, ...change }));
    for (let from = 0; from < envelopes.length; from += 100)
      for (const stored of await Promise.all(envelopes.slice(from, from + 100).map((one) => queue.defer(one, due))))
        assert.ok(stored.ok);
    return envelopes.map(({ id }) => id);
  };
  /** Ids of the entries in one tree, once for each stored copy. */
  const idsIn = async (tree: 'df' | 'rt') => {
    const { state } = await (await manager(reader)).streams.info('DEFER', { subjects_filter: `${tree}.>` });
    const copies = Object.entries(state.subjects ?? {}).flatMap(([subject, stored]) =>
      Array<string>(stored).fill(subject),
    );
    return copies.map((subject) => parseEntrySubject(subject)!.key.id).sort();
  };
  const orders = async () => (await book.list()).map(({ name }) => name);
  const put = (order: Order) => book.put(order);
  return { machine, operator, queue, reader, defer, put, orders, idsIn };
}
