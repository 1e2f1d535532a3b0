import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import { deferredSubject, mailSubject, retrySubject } from '@relayfleet/contract/subjects.ts';
import { createOrderKeeper } from './order-keeper.ts';

const fleet = { namespace: 'n', name: 'f' };
const hour = 3_600_000;

let made = 0;
function anEnvelope(changes: Partial<Envelope> = {}): Envelope {
  const serial = ++made;
  return {
    v: 1,
    id: newMailId(serial, (count) => new Uint8Array(count)),
    k: 0,
    of: 1,
    kind: 'mail',
    platform: { namespace: 'p', name: 'q' },
    domain: 'shop.test',
    lane: 'bulk',
    destination: 'a.test',
    sender: '',
    recipients: [{ n: 0, address: 'y@a.test' }],
    smtputf8: false,
    eightBit: false,
    acceptedAt: 1,
    acceptedBy: 'node',
    attempt: 1,
    due: 100 * hour,
    settled: { delivered: 0, bounced: 0, expired: 0, dropped: 0 },
    body: { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) },
    ...changes,
  };
}

/** A queue and a clock that are the test's; sleeping moves the clock and runs `onSleep`. `onMove` runs once all is listed. */
function setUp() {
  const schedules = new Map<string, { sequence: number; at: number; entry: Uint8Array }>();
  const elsewhere = new Set<string>();
  const clock = { now: 10 * hour };
  const state = {
    sequence: 0,
    failing: '',
    onSleep: (_ms: number) => undefined as void,
    onMove: () => undefined as void,
  };
  const log: string[] = [];
  const moved: string[] = [];
  const keeper = createOrderKeeper(fleet, {
    waiting: {
      ready: async () => (log.push('ready'), [...elsewhere].filter((subject) => subject.startsWith('mq'))),
      async deferred() {
        log.push('deferred');
        if (state.failing === 'deferred') throw new Error('no answer');
        const due = [...elsewhere].filter((subject) => subject.startsWith('rt'));
        return { subjects: [...schedules.keys(), ...due], upTo: state.sequence, now: clock.now };
      },
    },
    async moveAll(subjects, { to, because, wanted }, signal) {
      const tally = { moved: 0, left: 0, gone: 0 };
      state.onMove();
      for (const subject of subjects) {
        if (signal.aborted) return tally;
        const waiting = schedules.get(subject);
        assert.ok(to <= clock.now);
        const end = waiting === undefined ? 'gone' : wanted(waiting) ? 'moved' : 'left';
        if (end === 'moved') schedules.delete(subject);
        if (end === 'moved') moved.push(`${because} ${subject}`);
        tally[end] += 1;
      }
      return tally;
    },
    withdraw: async (name) => {
      log.push(`withdraw ${name}`);
      if (state.failing === 'withdraw') throw new Error('no answer');
    },
    monotonic: () => clock.now,
    sleep: async (ms, signal) => {
      if (signal.aborted) return;
      clock.now += ms;
      state.onSleep(ms);
      await Promise.resolve();
    },
    events: {
      ordersSeen: (_, orders) => void log.push(`seen ${orders.length}`),
      orderBegun: (_, { name }, entries) => void log.push(`begun ${name} ${entries}`),
      orderDone: (_, { name }, count) => void log.push(`done ${name} ${count}`),
      orderStalled: (_, { name }, problem) => void log.push(`stalled ${name} ${problem}`),
    },
  });
  const defer = (envelope = anEnvelope(), at = envelope.due) => {
    const subject = deferredSubject(envelope, envelope.due);
    schedules.set(subject, { sequence: ++state.sequence, at, entry: encodeEntry(envelope) });
    return subject;
  };
  const settle = async () => {
    for (let n = 0; n < 200; n++) await Promise.resolve();
  };
  return { schedules, elsewhere, clock, state, log, moved, keeper, defer, settle };
}

const common = { v: 1, reason: '', at: 1 } as const;
const retry = (name: string, filter: Order['filter'] = {}, held = false): Order => ({
  ...common,
  kind: 'retry',
  name,
  held,
  filter,
});
const drop = (name: string, filter: Order['filter'] = {}): Order => ({
  ...common,
  kind: 'drop',
  bounce: false,
  name,
  filter,
});
const hold = (name: string): Order => ({ ...common, kind: 'hold', name, filter: {} });

test('a retry moves what matches, once, and is withdrawn; a hold stays', async () => {
  const { log, moved, keeper, defer, settle } = setUp();
  const mine = [defer(), defer()];
  defer(anEnvelope({ destination: 'b.test' }));
  keeper.follow([hold('h'), retry('r', { destination: 'a.test' })]);
  await settle();
  assert.deepEqual(
    moved,
    mine.map((subject) => `r ${subject}`),
  );
  assert.deepEqual(log, ['seen 2', 'deferred', 'begun r 2', 'withdraw r', 'done r 2']);
  keeper.follow([hold('h'), retry('r', { destination: 'a.test' })]); // read before the withdrawal
  await settle();
  assert.deepEqual(log.slice(5), ['seen 2']);
  await keeper.stop();
});

test('an order that matches nothing is withdrawn as soon as every node has heard of it', async () => {
  for (const order of [retry('o', { destination: 'b.test' }), drop('o', { destination: 'b.test' })]) {
    const { clock, log, keeper, defer, settle } = setUp();
    defer();
    const before = clock.now;
    keeper.follow([order]);
    await settle();
    assert.equal(clock.now - before, 5_000);
    assert.deepEqual(log.slice(-2), ['withdraw o', 'done o 0']);
  }
});

test('nothing is moved before every node has heard of the order', async () => {
  const { clock, moved, keeper, defer, settle, state } = setUp();
  defer();
  const started = clock.now;
  state.onSleep = () => assert.deepEqual(moved, []);
  keeper.follow([retry('r')]);
  await settle();
  assert.equal(clock.now - started, 5_000);
  assert.equal(moved.length, 1);
});

test('what is in hand when the order comes, and is put back as held before its node has heard, is moved, too', async () => {
  const { moved, keeper, defer, settle, state } = setUp();
  const held: string[] = [];
  state.onSleep = () => void held.push(defer(anEnvelope({ heldSince: 5 })));
  keeper.follow([retry('r', {}, true)]);
  await settle();
  assert.deepEqual(
    moved,
    held.map((subject) => `r ${subject}`),
  );
  assert.equal(moved.length, 1);
});

test('what was put back since the mail was listed has had its turn, and what is nearly due comes by itself', async () => {
  const { clock, moved, keeper, defer, settle, state } = setUp();
  const envelope = anEnvelope();
  defer(envelope);
  defer(anEnvelope(), clock.now - 1);
  defer(anEnvelope(), clock.now + 5_000 + 2_000 + 15_000); // seconds will have passed before it is looked at
  const later = defer(anEnvelope(), clock.now + 5_000 + 2_000 + 15_001);
  state.onMove = () => {
    clock.now += 2_000;
    defer(envelope);
  };
  keeper.follow([retry('r')]);
  await settle();
  assert.deepEqual(moved, [`r ${later}`]);
});

test('a retry of what is held leaves what is not', async () => {
  const { moved, keeper, defer, settle } = setUp();
  defer();
  const held = defer(anEnvelope({ heldSince: 5 }));
  keeper.follow([retry('r', {}, true)]);
  await settle();
  assert.deepEqual(moved, [`r ${held}`]);
});

test('a drop goes on until nothing is left anywhere, also of what is put back and what is ready', async () => {
  const { clock, elsewhere, log, moved, keeper, defer, settle, state } = setUp();
  const started = clock.now;
  const [waiting, ready, due] = [anEnvelope(), anEnvelope(), anEnvelope()];
  defer(waiting);
  elsewhere.add(mailSubject(ready)).add(retrySubject(due));
  const rounds = [
    () => undefined, // until nodes have heard of it
    () => void defer(waiting),
    () => void elsewhere.delete(retrySubject(due)),
    () => void elsewhere.delete(mailSubject(ready)),
  ];
  state.onSleep = () => rounds.shift()?.();
  keeper.follow([drop('d')]);
  await settle();
  assert.equal(rounds.length, 0);
  assert.equal(clock.now - started, 5_000 + 3 * 2_000);
  assert.deepEqual(moved.length, 2);
  assert.deepEqual(log.slice(-2), ['withdraw d', 'done d 2']);
  assert.ok(log.indexOf('ready') < log.indexOf('deferred'));
});

test('a drop of what is held ends although other mail waits, and some is ready', async () => {
  const { elsewhere, log, moved, keeper, defer, settle, state } = setUp();
  defer();
  const held = defer(anEnvelope({ heldSince: 5 }));
  elsewhere.add(mailSubject(anEnvelope()));
  let rounds = 0;
  state.onSleep = () => void (++rounds === 5 && elsewhere.clear());
  keeper.follow([{ ...common, kind: 'drop', name: 'd', bounce: false, held: true, filter: {} }]);
  await settle();
  assert.deepEqual(moved, [`d ${held}`]);
  assert.deepEqual(log.slice(-2), ['withdraw d', 'done d 1']);
  assert.ok(rounds < 5, 'nobody waits for what is ready');
});

test('a drop waits for an entry that came back by itself between the look and the move', async () => {
  const { schedules, elsewhere, clock, log, keeper, defer, settle, state } = setUp();
  const started = clock.now;
  const envelope = anEnvelope();
  const subject = defer(envelope);
  state.onMove = () => void (schedules.delete(subject) && elsewhere.add(retrySubject(envelope)));
  const rounds = [() => undefined, () => undefined, () => elsewhere.delete(retrySubject(envelope))];
  state.onSleep = () => void rounds.shift()?.();
  keeper.follow([drop('d')]);
  await settle();
  assert.equal(clock.now - started, 5_000 + 2 * 2_000);
  assert.equal(log.at(-1), 'done d 0');
});

test('a drop ends although entries of early builds, of others, are still there', async () => {
  const { schedules, log, keeper, settle, state } = setUp();
  const other = anEnvelope({ domain: 'x.test' });
  const subject = `df.1.0.a~test.p_q.${other.id}.0`;
  schedules.set(subject, { sequence: ++state.sequence, at: Infinity, entry: encodeEntry(other) });
  keeper.follow([drop('d', { domain: 'shop.test' })]);
  await settle();
  assert.deepEqual(log.slice(-2), ['withdraw d', 'done d 0']);
});

test('a failure is said once, and the order is carried out when NATS is back', async () => {
  const { log, moved, keeper, defer, settle, state } = setUp();
  defer();
  let sleeps = 0;
  state.failing = 'deferred';
  state.onSleep = () => {
    if (++sleeps === 3) state.failing = '';
  };
  keeper.follow([retry('r')]);
  await settle();
  assert.equal(log.filter((line) => line === 'stalled r no answer').length, 1);
  assert.equal(moved.length, 1);
  assert.equal(log.at(-1), 'done r 1');
});

test('an order that is withdrawn or replaced meanwhile moves no more and withdraws nothing', async () => {
  for (const orders of [[], [retry('r', { destination: 'b.test' })]]) {
    const { log, moved, keeper, defer, settle, state } = setUp();
    defer();
    state.onMove = () => keeper.follow(orders);
    keeper.follow([retry('r')]);
    await settle();
    assert.deepEqual(moved, []);
    assert.equal(log.filter((line) => line.startsWith('withdraw')).length, orders.length);
  }
});

test('stopping ends what is under way and withdraws nothing', async () => {
  const { log, moved, keeper, defer, settle, state } = setUp();
  defer();
  const stopped = Promise.withResolvers<void>();
  state.onSleep = () => void keeper.stop().then(stopped.resolve);
  keeper.follow([retry('r')]);
  await settle();
  await stopped.promise;
  assert.deepEqual([log, moved], [['seen 1', 'seen 0'], []]);
});

test('one that is back under its name after its withdrawal was seen is a new one', async () => {
  const { log, keeper, settle } = setUp();
  for (const orders of [[retry('r')], [], [retry('r')]]) {
    keeper.follow(orders);
    await settle();
  }
  assert.equal(log.filter((line) => line === 'withdraw r').length, 2);
});
