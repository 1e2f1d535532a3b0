import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns, forEachOf } from './turns.ts';

function setUp() {
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const task = (name: string) => () => {
    log.push(name);
    return new Promise<void>((resolve) => ends.set(name, resolve));
  };
  const settle = () => new Promise(setImmediate);
  const end = async (name: string) => {
    ends.get(name)?.();
    await settle();
  };
  return { turns: createTurns(), log, task, end, settle };
}

test('different keys go side by side, one key in order, and who is alone waits for all of them', async () => {
  const { turns, log, task, end, settle } = setUp();
  void turns.beside('a', task('a1'));
  void turns.beside('a', task('a2'));
  void turns.beside('b', task('b1'));
  void turns.alone(task('look'));
  void turns.beside('c', task('c1'));
  await settle();
  assert.deepEqual(log, ['a1', 'b1']);
  await end('a1');
  await end('b1');
  assert.deepEqual(log, ['a1', 'b1', 'a2']);
  await end('a2');
  assert.deepEqual(log, ['a1', 'b1', 'a2', 'look']);
  await end('look');
  assert.deepEqual(log.at(-1), 'c1');
});

test('a failure is the asker’s, and holds up nobody', async () => {
  const { turns } = setUp();
  await assert.rejects(
    turns.beside('a', () => Promise.reject(new Error('no'))),
    /no/,
  );
  await assert.rejects(
    turns.alone(() => Promise.reject(new Error('nor'))),
    /nor/,
  );
  assert.equal(await turns.beside('a', async () => 'yes'), 'yes');
});

test('every item has its task, and a failure is told', async () => {
  const seen: number[] = [];
  await forEachOf(Array(100).keys(), async (item) => seen.push(item));
  assert.equal(seen.length, 100);
  await assert.rejects(
    forEachOf([1, 2], (item) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve())),
    /two/,
  );
});
