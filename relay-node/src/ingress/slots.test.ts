import assert from 'node:assert/strict';
import test from 'node:test';
import { createSlots } from './slots.ts';

test('slow checks wait their turn, and are turned away when too many wait', async () => {
  const slots = createSlots(2, 3);
  const finish: (() => void)[] = [];
  let most = 0;
  let running = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => finish.push(resolve));
    running -= 1;
    return 'done' as const;
  };
  const results = Array.from({ length: 7 }, () => slots.run('a', work));
  assert.deepEqual(await Promise.all(results.slice(5)), ['busy', 'busy']);
  while (finish.length > 0) {
    finish.shift()?.();
    await new Promise(setImmediate);
  }
  assert.deepEqual(await Promise.all(results.slice(0, 5)), Array(5).fill('done'));
  assert.equal(most, 2);
});

test('those who wait are served by key in turn, and the key with most waiting loses its last', async () => {
  const slots = createSlots(1, 4);
  const finish: (() => void)[] = [];
  const order: string[] = [];
  const turn = async (key: string, name: string) => {
    const done = await slots.run(key, async () => {
      order.push(name);
      await new Promise<void>((resolve) => finish.push(resolve));
      return 'done' as const;
    });
    if (done === 'busy') order.push(`${name} turned away`);
  };
  const flood = ['f1', 'f2', 'f3', 'f4', 'f5'].map((name) => turn('flood', name));
  const others = [turn('a', 'a1'), turn('b', 'b1'), turn('a', 'a2')];
  while (finish.length > 0) {
    finish.shift()?.();
    await new Promise(setImmediate);
  }
  await Promise.all([...flood, ...others]);
  assert.deepEqual(
    order.filter((name) => name.endsWith('away')),
    ['f5', 'f4', 'a2'].map((name) => `${name} turned away`),
  );
  assert.deepEqual(
    order.filter((name) => !name.endsWith('away')),
    ['f1', 'f2', 'a1', 'b1', 'f3'],
  );
});

test('a slot whose work throws is free again', async () => {
  const slots = createSlots(1, 0);
  await assert.rejects(
    slots.run('a', () => Promise.reject(new Error('boom'))),
    /boom/,
  );
  assert.equal(await slots.run('a', async () => 'fine'), 'fine');
});
