import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orphanAfterMs } from '@relayfleet/contract/body-grace.ts';
import { finishedAfterMs, judge, watch, worthALook, type Waiting } from './waiting.ts';

const none = new Set<string>();

test('a mail with an entry anywhere keeps its body, whatever else is known', () => {
  for (const committed of [true, false])
    for (const waitedMs of [0, finishedAfterMs, orphanAfterMs, 10 * orphanAfterMs])
      assert.equal(judge({ hasEntry: true, committed }, waitedMs), 'keep');
});

test('without an entry a body is finished once its mail is known to have been committed, and an orphan only after the longest transaction', () => {
  const cases = [
    [true, 0, 'keep'],
    [true, finishedAfterMs - 1, 'keep'],
    [true, finishedAfterMs, 'finished'],
    [true, orphanAfterMs, 'finished'],
    [false, finishedAfterMs, 'keep'],
    [false, orphanAfterMs - 1, 'keep'],
    [false, orphanAfterMs, 'orphan'],
  ] as const;
  for (const [committed, waitedMs, expected] of cases)
    assert.equal(judge({ hasEntry: false, committed }, waitedMs), expected, `${committed} ${waitedMs}`);
});

test('waiting begins when a body is first seen alone, and again when a chunk is added or an entry was there meanwhile', () => {
  let waiting: Waiting = new Map();
  const since = (at: number, stored: number, withEntries: ReadonlySet<string> = none) => {
    waiting = watch(waiting, new Map([['a', stored]]), withEntries, at);
    return waiting.get('a')?.since;
  };
  assert.equal(since(10, 1), 10);
  assert.equal(since(20, 1), 10);
  assert.equal(since(30, 2), 30);
  assert.equal(since(40, 2), 30);
  assert.equal(since(50, 2, new Set(['a'])), undefined);
  assert.equal(since(60, 2), 60);
});

test('a body that is gone is forgotten', () => {
  const before = watch(new Map(), new Map([['a', 1]]), none, 0);
  assert.equal(watch(before, new Map(), none, 1).size, 0);
});

test('the longest waiting are looked at first, no more than allowed, and none too early', () => {
  const waiting: Waiting = new Map([
    ['late', { since: 5, stored: 1 }],
    ['new', { since: finishedAfterMs, stored: 1 }],
    ['early', { since: 0, stored: 1 }],
    ['middle', { since: 3, stored: 1 }],
  ]);
  assert.deepEqual(worthALook(waiting, finishedAfterMs + 5, 2), ['early', 'middle']);
  assert.deepEqual(worthALook(waiting, finishedAfterMs + 5, 9), ['early', 'middle', 'late']);
});
