import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { collect, createMemoryBudget, type MemoryBudget, type Room } from './collect.ts';
import type { LargeMessage } from './session.ts';

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** Everything is kept, unless a test says what else becomes of what. */
function room(maxBytes: number, budget: MemoryBudget, passing: Partial<Room> = {}): Room {
  return { maxBytes, budget, keepBytes: Infinity, passOn: () => assert.fail('passed on'), ...passing };
}

/** Whoever takes a large message; it takes `held` bytes of memory and has room when the test says so. */
function taker() {
  const taken: string[] = [];
  const state = { held: 0, room: undefined as Promise<void> | undefined, abandoned: 0, gone: Promise.resolve() };
  const large: LargeMessage = {
    write: (bytes) => (taken.push(Buffer.from(bytes).toString()), state.room),
    held: () => state.held,
    abandon: () => ((state.abandoned += 1), state.gone),
    end: () => assert.fail('not ended here'),
  };
  return { taken, state, large };
}

test('keeps the bytes, counts them, and gives the memory back when told', async () => {
  const budget = createMemoryBudget(10);
  const collected = await collect(chunks('ab', 'c\r\n'), room(100, budget));
  assert.deepEqual(collected?.content, { bytes: Buffer.from('abc\r\n'), size: 5, eightBit: false, problem: undefined });
  assert.equal(budget.reserve(6), false);
  collected?.free();
  assert.equal(budget.reserve(10), true);
});

test('a message over the limit is read to its end, counted and not kept', async () => {
  const budget = createMemoryBudget(100);
  const collected = await collect(chunks('1234', '5678', '90\n'), room(5, budget));
  assert.deepEqual(collected?.content, { bytes: Buffer.alloc(0), size: 11, eightBit: false, problem: 'too-large' });
  assert.equal(budget.reserve(100), true, 'nothing of it is held');
});

test('a message of exactly the limit is kept', async () => {
  assert.equal((await collect(chunks('123', '\r\n'), room(5, createMemoryBudget(100))))?.content.problem, undefined);
});

test('messages together may not take more than the budget', async () => {
  const budget = createMemoryBudget(8);
  const first = await collect(chunks('12345'), room(100, budget));
  assert.equal((await collect(chunks('12345'), room(100, budget)))?.content.problem, 'no-memory');
  first?.free();
  assert.equal((await collect(chunks('1234\r\n'), room(100, budget)))?.content.problem, undefined);
});

test('names a defect of the lines', async () => {
  assert.equal((await collect(chunks('a\r', '\nb\n'), room(100, createMemoryBudget(100))))?.content.problem, 'bare-lf');
});

test('a client that goes away leaves nothing behind', async () => {
  const budget = createMemoryBudget(10);
  const stream = new PassThrough();
  stream.write('12345');
  setImmediate(() => stream.destroy(new Error('connection closed')));
  assert.equal(await collect(stream, room(100, budget)), undefined);
  assert.equal(budget.reserve(10), true);
});

test('a message that outgrows what is kept is passed on from its beginning, and its memory is what its taker says', async () => {
  const budget = createMemoryBudget(10);
  const { taken, state, large } = taker();
  const heads: string[] = [];
  const passOn = (head: Uint8Array) => (heads.push(Buffer.from(head).toString()), large);
  state.held = 7;
  const collected = await collect(chunks('ab', 'cde', 'f', 'gh\r\n'), room(100, budget, { keepBytes: 4, passOn }));
  assert.deepEqual([heads, taken], [['abcde'], ['abcde', 'f', 'gh\r\n']]);
  assert.equal(collected?.large, large);
  const { bytes, size, problem } = collected?.content ?? {};
  assert.deepEqual([bytes?.length, size, problem], [0, 10, undefined]);
  assert.deepEqual([budget.reserve(4), budget.reserve(3)], [false, true]);
  const going = Promise.withResolvers<void>();
  state.gone = going.promise;
  collected?.free();
  assert.equal(budget.reserve(1), false, 'it is still held');
  going.resolve();
  await going.promise;
  assert.equal(budget.reserve(7), true);
});

test('a message of exactly what is kept is not passed on', async () => {
  const collected = await collect(chunks('ab', '\r\n'), room(100, createMemoryBudget(100), { keepBytes: 4 }));
  assert.equal(collected?.content.bytes.length, 4);
});

test('the client is read no faster than its message is taken, from its first bytes on', async () => {
  const { taken, state, large } = taker();
  const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for (; read < 5; read += 1) yield Buffer.from('ab');
  }
  state.room = turns[0]?.promise;
  const passing = { keepBytes: 1, passOn: () => large };
  const collecting = collect(counted(), room(100, createMemoryBudget(100), passing));
  for (const [n, turn] of turns.entries()) {
    await new Promise(setImmediate);
    assert.deepEqual([read, taken.length], [n, n + 1]);
    state.room = turns[n + 1]?.promise;
    turn.resolve();
  }
  await collecting;
  assert.deepEqual([read, taken.length], [5, 5]);
});

for (const [what, texts, problem] of [
  ['too large', ['abcde', '1234567890', '12345', 'x'], 'too-large'],
  ['defective', ['abcde', 'a\nb', 'c', 'd'], 'bare-lf'],
  ['more than there is memory for', ['abcde', 'abc', 'a', 'b'], 'no-memory'],
] as const)
  test(`passing on ends when a message turns out to be ${what}`, async () => {
    const { taken, state, large } = taker();
    const passOn = () => ((state.held = problem === 'no-memory' ? 1_000 : 5), large);
    const collected = await collect(chunks(...texts), room(15, createMemoryBudget(100), { keepBytes: 4, passOn }));
    assert.equal(collected?.content.problem, problem);
    assert.equal(taken.length, problem === 'too-large' ? 2 : 1);
    assert.ok(state.abandoned > 0);
  });

test('a client that goes away ends what was passed on', async () => {
  const budget = createMemoryBudget(10);
  const { state, large } = taker();
  state.held = 5;
  const stream = new PassThrough();
  stream.write('12345');
  setImmediate(() => stream.destroy(new Error('connection closed')));
  assert.equal(await collect(stream, room(100, budget, { keepBytes: 4, passOn: () => large })), undefined);
  assert.equal(state.abandoned, 1);
  assert.equal(budget.reserve(10), true);
});

/** Bytes of the heap that are in use, garbage collected: other tests share this process. */
function liveHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('chunks of a few bytes come out in order, and weigh about what they hold', async () => {
  const lines = 400_000;
  const before = liveHeap();
  let most = 0;
  async function* dots(): AsyncGenerator<Uint8Array> {
    const source = Buffer.from('..\r\n');
    for (let n = 1; n <= lines; n += 1) {
      if (n % 100_000 === 0) most = Math.max(most, liveHeap() - before);
      yield source.subarray(1);
    }
  }
  const collected = await collect(dots(), room(10_000_000, createMemoryBudget(10_000_000)));
  assert.equal(Buffer.from(collected?.content.bytes ?? []).toString(), '.\r\n'.repeat(lines));
  assert.ok(most < 20e6, `${Math.round(most / 1e6)} MB of heap for ${lines} chunks`);
});
