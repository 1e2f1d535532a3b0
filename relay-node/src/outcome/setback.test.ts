import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Setback } from '@relayfleet/contract/setback.ts';
import { isGivenUp, isUnannounced, oneMore, pauseAfter, pauseForOthers, workersEnded } from './setback.ts';

const hour = 3_600_000;
const isHopeless = (setback: Setback, now: number) => isGivenUp(setback, undefined, { build: '1', now });

test('the third delivery without a record is a setback; of an entry set back for that before, the second', () => {
  const before = (because: Setback['because']) => ({ because, times: 1, since: 0 });
  const cases = [
    [1, undefined, false],
    [2, undefined, false],
    [3, undefined, true],
    [2, before('defect'), false],
    [3, before('defect'), true],
    [1, before('workers-ended'), false],
    [2, before('workers-ended'), true],
  ] as const;
  for (const [deliveries, setback, expected] of cases)
    assert.equal(workersEnded({ deliveries, setback }), expected, `${deliveries} ${setback?.because}`);
});

test('setbacks are counted from the first one, whatever brings them about', () => {
  const first = oneMore(undefined, 'defect', 100);
  assert.deepEqual(first, { because: 'defect', times: 1, since: 100 });
  assert.deepEqual(oneMore(first, 'workers-ended', 900), { because: 'workers-ended', times: 2, since: 100 });
});

test('an entry set back again and again is given up after about an hour, having hammered nobody', () => {
  let now = 0;
  let setback: Setback | undefined;
  const pauses: number[] = [];
  do {
    setback = oneMore(setback, 'defect', now);
    pauses.push(pauseAfter(setback, 'id'));
    if (!isHopeless(setback, now)) now += pauses.at(-1)!;
  } while (!isHopeless(setback, now) && pauses.length < 100);
  assert.ok(now >= hour && now < 1.25 * hour, String(now));
  assert.ok(pauses[0]! >= 750 && pauses[0]! <= 1_250, String(pauses[0]));
  assert.ok(Math.max(...pauses) <= 375_000);
});

test('neither a clock that jumped nor a count that ran quickly gives an entry up by itself', () => {
  assert.equal(isHopeless({ because: 'defect', times: 19, since: 0 }, 1_000 * hour), false);
  assert.equal(isHopeless({ because: 'defect', times: 1_000, since: 0 }, hour - 1), false);
  assert.equal(isHopeless({ because: 'defect', times: 20, since: 0 }, hour), true);
});

test('what ended its workers is given up by the build that announced its last try; any other announces its own', () => {
  const times = { because: 'workers-ended', times: 21, since: 0 } as const;
  const judge = (build: string, now = hour) => ({ build, now });
  const before = { ...times, times: 20, lastTry: '1' };
  assert.equal(isGivenUp(times, before, judge('1')), true);
  assert.equal(isGivenUp(times, before, judge('2')), false);
  assert.equal(isGivenUp(times, undefined, judge('1')), false);
  assert.equal(isUnannounced(before, judge('2')), true);
  assert.equal(isUnannounced(before, judge('1')), false);
  assert.equal(
    isUnannounced({ ...before, lastTry: '3' }, judge('2', hour - 1)),
    false,
    'nobody need to, before its time is over',
  );
});

test('what waits for its turn alone comes again within a minute', () => {
  for (const id of ['a', 'b', 'c']) assert.ok(pauseForOthers(id) >= 20_000 && pauseForOthers(id) < 40_000);
});
