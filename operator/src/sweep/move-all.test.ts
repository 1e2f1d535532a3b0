import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Moved } from '@relayfleet/jetstream/waiting-mail.ts';
import { createMover } from './move-all.ts';

const move = { to: 1, because: 'o', reason: 'retry', wanted: () => true } as const;

function setUp(answer: (subject: string) => Moved = () => 'moved') {
  const clock = { now: 0 };
  const state = { atOnce: 0, most: 0, onSleep: () => undefined as void };
  const asked: string[] = [];
  const told: [string, number][] = [];
  const moveAll = createMover({
    waiting: {
      async move(subject) {
        asked.push(subject);
        state.most = Math.max(state.most, ++state.atOnce);
        await Promise.resolve();
        state.atOnce -= 1;
        return answer(subject);
      },
    },
    monotonic: () => clock.now,
    sleep: async (ms) => {
      clock.now += ms;
      state.onSleep();
    },
    onMoved: (reason, count) => void told.push([reason, count]),
  });
  return { clock, state, asked, told, moveAll };
}

const subjects = (count: number) => Array.from({ length: count }, (_, n) => `df.${n}`);
const never = new AbortController().signal;

test('a thousand a second and sixteen at once, whoever asks', async () => {
  const { clock, state, asked, moveAll } = setUp();
  await Promise.all([moveAll(subjects(1_000), move, never), moveAll(subjects(1_000), move, never)]);
  assert.equal(asked.length, 2_000);
  assert.ok(clock.now >= 1_900 && clock.now <= 2_000, `${clock.now} ms`);
  assert.ok(state.most <= 32);
  clock.now += 60_000;
  await moveAll(subjects(32), move, never);
  assert.ok(clock.now >= 62_000 - 100, 'a rest earns no haste');
});

test('the ends are counted, and those that moved are told', async () => {
  const { told, moveAll } = setUp((subject) =>
    subject.endsWith('7') ? 'gone' : subject.endsWith('3') ? 'left' : 'moved',
  );
  assert.deepEqual(await moveAll(subjects(40), move, never), { moved: 32, left: 4, gone: 4 });
  assert.equal(
    told.reduce((sum, [, count]) => sum + count, 0),
    32,
  );
  assert.ok(told.every(([reason]) => reason === 'retry'));
});

test('it ends as soon as the signal aborts', async () => {
  const { state, asked, moveAll } = setUp();
  const stop = new AbortController();
  state.onSleep = () => stop.abort();
  await moveAll(subjects(1_000), move, stop.signal);
  assert.equal(asked.length, 16);
});

test('a failure ends it, and what was moved beside it is told', async () => {
  const { told, asked, moveAll } = setUp((subject) => {
    if (subject === 'df.3') throw new Error('no answer');
    return 'moved';
  });
  await assert.rejects(moveAll(subjects(100), move, never), /no answer/);
  assert.equal(asked.length, 16);
  assert.deepEqual(told, [['retry', 15]]);
});
