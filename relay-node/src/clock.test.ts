import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundMs, createClock, holdMs, type ClockNews, type Reading } from './clock.ts';

const day = 86_400_000;
const minute = 60_000;
const start = 1_800_000_000_000;

/** A machine whose clocks a test moves. */
function machine() {
  let reading: Reading = { wall: start, monotonic: 1_000.25 };
  const news: ClockNews[] = [];
  const clock = createClock(
    () => reading,
    (one) => news.push(one),
  );
  return {
    clock,
    news,
    wall: () => reading.wall,
    pass: (ms: number) => void (reading = { wall: reading.wall + ms, monotonic: reading.monotonic + ms }),
    jump: (ms: number) => void (reading = { ...reading, wall: reading.wall + ms }),
  };
}

test('the wall clock is followed, corrections up to the bound included', () => {
  const { clock, news, pass, jump, wall } = machine();
  for (const by of [0, 900, -900, boundMs, -boundMs]) {
    pass(minute);
    jump(by);
    assert.equal(clock.now(), wall());
    assert.deepEqual(clock.span(), { earliest: wall(), latest: wall() });
  }
  assert.deepEqual(news, []);
});

for (const by of [10 * day, -10 * day, boundMs + 1, -boundMs - 1]) {
  test(`a jump by ${by} ms: the old time goes on, the new one is adopted after the hold`, () => {
    const { clock, news, pass, jump } = machine();
    pass(minute);
    jump(by);
    assert.equal(clock.now(), start + minute);
    assert.deepEqual(news, [{ kind: 'jumped', byMs: by }]);
    pass(holdMs - 1);
    assert.equal(clock.now(), start + minute + holdMs - 1);
    assert.equal(news.length, 1, 'said once');
    pass(1);
    assert.equal(clock.now(), start + minute + holdMs + by);
    assert.deepEqual(news.slice(1), [{ kind: 'adopted', byMs: by }]);
    pass(minute);
    assert.equal(clock.now(), start + 2 * minute + holdMs + by);
    assert.equal(news.length, 2);
  });

  test(`a jump by ${by} ms that is taken back in time leaves no trace`, () => {
    const { clock, news, pass, jump, wall } = machine();
    jump(by);
    clock.now();
    pass(holdMs - 1);
    jump(-by + 2_000); // what a correction leaves
    assert.equal(clock.now(), wall());
    assert.equal(clock.now(), start + holdMs - 1 + 2_000);
    assert.deepEqual(news, [{ kind: 'jumped', byMs: by }, { kind: 'returned' }]);
  });
}

test('a clock that goes on jumping is not adopted before it has stood still for the hold', () => {
  const { clock, news, pass, jump } = machine();
  jump(day);
  clock.now();
  pass(holdMs - minute);
  jump(day);
  assert.equal(clock.now(), start + holdMs - minute);
  pass(holdMs - minute);
  assert.equal(clock.now(), start + 2 * (holdMs - minute));
  pass(minute);
  assert.equal(clock.now(), start + 2 * holdMs - minute + 2 * day);
  assert.deepEqual(
    news.map(({ kind }) => kind),
    ['jumped', 'jumped', 'adopted'],
  );
});

test('in doubt, the true time is said to lie between the two clocks', () => {
  const { clock, jump } = machine();
  jump(day);
  assert.deepEqual(clock.span(), { earliest: start, latest: start + day });
  jump(-3 * day);
  assert.deepEqual(clock.span(), { earliest: start - 2 * day, latest: start });
});

test('durations are whole milliseconds and know no jumps', () => {
  const { clock, pass, jump } = machine();
  const before = clock.elapsed();
  assert.ok(Number.isInteger(before));
  pass(500);
  jump(-day);
  assert.equal(clock.elapsed() - before, 500);
});

const steps = fc.array(
  fc.record({
    pass: fc.double({ min: 0, max: 3 * holdMs, noNaN: true }),
    jump: fc.oneof(fc.constant(0), fc.integer({ min: -boundMs, max: boundMs }), fc.integer({ min: -day, max: day })),
  }),
  { maxLength: 60 },
);

test('whatever the clocks do: whole milliseconds, no step beyond the bound that is not an announced adoption', () => {
  fc.assert(
    fc.property(steps, (moves) => {
      const { clock, news, pass, jump } = machine();
      let [now, elapsed] = [clock.now(), clock.elapsed()];
      for (const move of moves) {
        pass(Math.floor(move.pass));
        jump(move.jump);
        const told = news.length;
        const [nextNow, nextElapsed] = [clock.now(), clock.elapsed()];
        const step = Math.abs(nextNow - now - (nextElapsed - elapsed));
        assert.ok(Number.isInteger(nextNow));
        const kinds = news.slice(told).map(({ kind }) => kind);
        assert.ok(kinds.length <= 1);
        if (kinds[0] !== 'adopted') assert.ok(step <= 2 * boundMs + 1, `${step} ms without a word`);
        if (kinds[0] === 'jumped') assert.ok(step <= boundMs + 1, `${step} ms at a jump`);
        const { earliest, latest } = clock.span();
        assert.ok(earliest <= nextNow && nextNow <= latest);
        [now, elapsed] = [nextNow, nextElapsed];
      }
    }),
  );
});

test('whatever happened before: a clock that runs steadily for the hold is the node’s', () => {
  fc.assert(
    fc.property(steps, (moves) => {
      const { clock, pass, jump, wall } = machine();
      for (const move of moves) {
        pass(Math.floor(move.pass));
        jump(move.jump);
        clock.now();
      }
      pass(holdMs);
      assert.equal(clock.now(), wall());
    }),
  );
});
