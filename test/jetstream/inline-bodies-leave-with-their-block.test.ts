// When the text of a mail that is queued whole (up to 256 KB, for one destination) has left the disk. It is part of its entry, which
// nobody overwrites: what nats-server 2.15.2 does about the block of the file it lies in decides. docs/guarantees.md says so from here.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { openMailQueue, type Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { anEntry, startQueue } from '../harness/queue.ts';
import { isInStore } from '../harness/store-files.ts';

/** The mail stream gets a quarter of it, and blocks of 4 MB then; from 128 MB on they have 8 MB. */
const storageBytes = 80_000_000;
const size = 200_000;
/** So many fill a block, and begin the next. */
const moreThanABlock = 24;

test('when the queue runs empty it is gone', async (t) => {
  const { put, finish, isThere } = await setUp(t);
  const texts = [await put(), await put()];
  assert.deepEqual(texts.map(isThere), [true, true]);
  await finish(2);
  assert.deepEqual(texts.map(isThere), [false, false]);
});

test('beside mail that waits, in the block that is being written, it stays', async (t) => {
  const { put, finish, isThere } = await setUp(t);
  await put();
  const text = await put();
  await finish(1, { after: 1 });
  assert.equal(isThere(text), true);
});

test('a block that is full is rewritten when more than half of it is finished', async (t) => {
  const { put, finish, isThere } = await setUp(t);
  const waiting = await put();
  const finished = await put();
  const others: string[] = [];
  while (others.length < moreThanABlock) others.push(await put());
  await finish(moreThanABlock / 4, { after: 1 });
  assert.equal(isThere(finished), true);
  await finish(moreThanABlock / 2, { after: 1 });
  assert.deepEqual([waiting, finished, ...others.slice(0, 8)].map(isThere), [true, ...Array<boolean>(9).fill(false)]);
  await finish(2 + moreThanABlock / 4);
  assert.equal([waiting, finished, ...others].some(isThere), false, 'the queue is empty');
});

async function setUp(t: TestContext) {
  const server = await startQueue(t, { storageBytes });
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 5_000 });
  const put = async () => {
    const text = `for nobody else’s eyes: ${randomBytes(12).toString('hex')}`;
    const { envelope, body } = anEntry({}, Buffer.concat([Buffer.from(text), Buffer.alloc(size, 'x')]));
    assert.ok((await queue.commit([{ envelope, body }], 10_000)).ok);
    return text;
  };
  /** Takes entries in the order in which they were queued, and acknowledges `count` of them behind the first `after`. */
  const finish = async (count: number, { after = 0 } = {}) => {
    const stop = new AbortController();
    const kept: Taken[] = [];
    let taken = 0;
    for await (const entry of queue.take('transactional', { maxMessages: count + after, signal: stop.signal })) {
      taken += 1;
      if (taken > after) assert.ok(await entry.done());
      else kept.push(entry);
      if (taken === count + after) stop.abort();
    }
    for (const entry of kept) entry.release();
  };
  return { put, finish, isThere: (text: string) => isInStore(server, text) };
}
