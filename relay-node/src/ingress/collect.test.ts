import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { collect, createMemoryBudget } from './collect.ts';

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

test('keeps the bytes, counts them, and gives the memory back when told', async () => {
  const budget = createMemoryBudget(10);
  const collected = await collect(chunks('ab', 'c\r\n'), 100, budget);
  assert.deepEqual(collected?.content, { bytes: Buffer.from('abc\r\n'), size: 5, eightBit: false, problem: undefined });
  assert.equal(budget.reserve(6), false);
  collected?.free();
  assert.equal(budget.reserve(10), true);
});

test('a message over the limit is read to its end, counted and not kept', async () => {
  const budget = createMemoryBudget(100);
  const collected = await collect(chunks('1234', '5678', '90\n'), 5, budget);
  assert.deepEqual(collected?.content, { bytes: Buffer.alloc(0), size: 11, eightBit: false, problem: 'too-large' });
  assert.equal(budget.reserve(100), true, 'nothing of it is held');
});

test('a message of exactly the limit is kept', async () => {
  assert.equal((await collect(chunks('123', '\r\n'), 5, createMemoryBudget(100)))?.content.problem, undefined);
});

test('messages together may not take more than the budget', async () => {
  const budget = createMemoryBudget(8);
  const first = await collect(chunks('12345'), 100, budget);
  assert.equal((await collect(chunks('12345'), 100, budget))?.content.problem, 'no-memory');
  first?.free();
  assert.equal((await collect(chunks('1234\r\n'), 100, budget))?.content.problem, undefined);
});

test('names a defect of the lines', async () => {
  assert.equal((await collect(chunks('a\r', '\nb\n'), 100, createMemoryBudget(100)))?.content.problem, 'bare-lf');
});

test('a client that goes away leaves nothing behind', async () => {
  const budget = createMemoryBudget(10);
  const stream = new PassThrough();
  stream.write('12345');
  setImmediate(() => stream.destroy(new Error('connection closed')));
  assert.equal(await collect(stream, 100, budget), undefined);
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
  const collected = await collect(dots(), 10_000_000, createMemoryBudget(10_000_000));
  assert.equal(Buffer.from(collected?.content.bytes ?? []).toString(), '.\r\n'.repeat(lines));
  assert.ok(most < 20e6, `${Math.round(most / 1e6)} MB of heap for ${lines} chunks`);
});
