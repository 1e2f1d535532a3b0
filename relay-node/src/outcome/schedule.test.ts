import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  earlyBy,
  isLate,
  isTooOld,
  nextDue,
  standardDelays,
  standardLateMs,
  type ScheduleRequest,
} from './schedule.ts';

const day = 86_400_000;
const request = ({ from = 0, ...changes }: Partial<ScheduleRequest> = {}): ScheduleRequest => ({
  id: '01HZZZZZZZZZZZZZZZZZZZZZZZ',
  attempts: 1,
  from,
  due: from,
  acceptedAt: 0,
  maxAgeMs: 5 * day,
  ...changes,
});
const requests = fc.record({
  id: fc.string({ minLength: 26, maxLength: 26 }),
  attempts: fc.integer({ min: 1, max: 200 }),
  acceptedAt: fc.integer({ min: 0, max: 2 ** 41 }),
  sinceAccepted: fc.integer({ min: 0, max: 20 * day }),
  maxAgeMs: fc.integer({ min: 60_000, max: 14 * day }),
});

test('1, 5, 15, 30 minutes, 1 and 2 hours, then every 4 hours; each within 10 %', () => {
  const minutes = [1, 5, 15, 30, 60, 120, 240, 240, 240];
  for (const [i, expected] of minutes.entries()) {
    const wait = nextDue(request({ attempts: i + 1 })) / 60_000;
    assert.ok(Math.abs(wait - expected) <= expected / 10, `attempt ${i + 1}: ${wait} min`);
  }
});

test('always later than from, never past the last moment while there is one, and the same for the same attempt', () => {
  fc.assert(
    fc.property(requests, ({ sinceAccepted, ...rest }) => {
      const given = request({ ...rest, from: rest.acceptedAt + sinceAccepted });
      const due = nextDue(given);
      assert.ok(due > given.from);
      assert.equal(due, nextDue(given));
      const last = given.acceptedAt + given.maxAgeMs;
      if (given.from < last) assert.ok(due <= last);
      assert.ok(due - given.from <= standardDelays.at(-1)! * 1.1);
    }),
  );
});

test('mails that failed together return apart', () => {
  const dues = Array.from({ length: 200 }, (_, i) => nextDue(request({ id: `id-${i}`, attempts: 7 })));
  assert.ok(new Set(dues).size > 190);
  assert.ok(Math.max(...dues) - Math.min(...dues) > 30 * 60_000);
});

test('a mail reaches its age limit after some twenty attempts, at its exact moment', () => {
  const maxAgeMs = 2 * day;
  let now = 0;
  let attempt = 0;
  while (!isTooOld({ acceptedAt: 0, maxAgeMs, now, due: now, attempt }))
    now = nextDue(request({ attempts: ++attempt, from: now, maxAgeMs }));
  assert.equal(now, maxAgeMs);
  assert.ok(attempt > 12 && attempt < 25, String(attempt));
});

test('an attempt made before its time still puts the next one after it', () => {
  assert.equal(nextDue(request({ due: 10 * day, from: 0 })), 10 * day + 1);
  assert.ok(nextDue(request({ due: 1, from: day })) > day);
});

test('a schedule of one’s own is followed, its last wait repeats', () => {
  const waits = [1, 2, 3, 9].map((attempts) => nextDue(request({ attempts }), [1_000, 10_000]));
  assert.ok(waits[0]! < 1_101 && waits.slice(1).every((wait) => wait > 8_999 && wait < 11_001));
});

test('a mail is given up when it is old, its last attempt said so, and it had its tries', () => {
  const old = { acceptedAt: 0, maxAgeMs: day, now: day, due: day, attempt: 9 };
  assert.equal(isTooOld(old), true);
  for (const wanting of [
    { now: day - 1 },
    { due: day - 1 },
    { attempt: 7 },
    { attempt: 0, now: 99 * day, due: 99 * day },
  ])
    assert.equal(isTooOld({ ...old, ...wanting }), false, JSON.stringify(wanting));
});

/**
 * A mail that nobody takes, with NATS and a node that have clocks of their own. `real` is the true time; `nats` and `node` say how
 * far each is off at it. Answers when it was given up, and the true times of the attempts.
 */
function life(off: { nats(real: number): number; node(real: number): number }, maxAgeMs: number) {
  const tries: number[] = [];
  let real = 0;
  const acceptedAt = off.node(0);
  let [at, due] = [acceptedAt, acceptedAt];
  for (;;) {
    while (real + off.nats(real) < due) real += Math.max(1, Math.min(60_000, due - real - off.nats(real)));
    if (tries.length > 0) real += earlyBy({ at, nextDue: due }, real + off.node(real));
    const now = real + off.node(real);
    if (isTooOld({ acceptedAt, maxAgeMs, now, due, attempt: tries.length })) return { givenUpAt: real, tries };
    assert.ok(tries.push(real) < 5_000, 'tried for ever');
    due = nextDue({ ...request({ attempts: tries.length, from: now, acceptedAt, maxAgeMs }), due });
    at = now;
  }
}

test('a retry that NATS hands out early waits for its time, ten minutes at most; one of a clock ahead of ours does not', () => {
  const record = { at: 0, nextDue: day };
  assert.deepEqual(
    [day, day / 2, day - 1, 2 * day].map((now) => earlyBy(record, now)),
    [0, 0, 0, 0],
  );
  assert.deepEqual(
    [0, 1, day / 2 - 1].map((now) => earlyBy(record, now)),
    [600_000, 600_000, 600_000],
  );
  assert.equal(earlyBy({ at: 0, nextDue: 60_000 }, 20_000), 40_000);
  assert.equal(earlyBy(record, -1), 0);
});

test('clocks that agree: given up at the age limit, to the minute', () => {
  const { givenUpAt, tries } = life({ nats: () => 0, node: () => 0 }, 5 * day);
  assert.ok(Math.abs(givenUpAt - 5 * day) <= 60_000);
  assert.ok(tries.length > 30);
});

test('no jump of any clock makes a mail be given up without the tries of half its time, nor be tried in a hurry', () => {
  const clock = fc.record({
    at: fc.integer({ min: -day, max: 6 * day }),
    by: fc.integer({ min: -10 * day, max: 10 * day }),
  });
  fc.assert(
    fc.property(clock, clock, fc.integer({ min: day, max: 7 * day }), (nats, node, maxAgeMs) => {
      const jumping = (jump: { at: number; by: number }) => (real: number) => (real >= jump.at ? jump.by : 0);
      const { tries } = life({ nats: jumping(nats), node: jumping(node) }, maxAgeMs);
      const waits = tries.map((_, i) => standardDelays[Math.min(i, standardDelays.length - 1)]!);
      assert.ok(waits.reduce((sum, wait) => sum + wait, 0) >= maxAgeMs / 2, `${tries.length} tries`);
      const hasty = tries.slice(1).filter((real, i) => real - tries[i]! < Math.min(waits[i]! * 0.4, 600_000)).length;
      assert.ok(hasty <= 2, `${hasty} of ${tries.length} tries in a hurry`); // one when a clock jumps
    }),
  );
});

test('late is what is three hours old and had its tries: some four hours after it came, whatever a clock says before', () => {
  const lateness = (at: number, attempt: number) => isLate({ acceptedAt: 0, at, attempt, lateMs: standardLateMs });
  assert.equal(lateness(standardLateMs - 1, 6), false);
  assert.equal(lateness(standardLateMs, 6), true);
  assert.equal(lateness(10 * 86_400_000, 0), false); // a clock that jumped
  const attempts = [...standardDelays.keys()].map((i) =>
    standardDelays.slice(0, i).reduce((sum, wait) => sum + wait, 0),
  );
  const first = attempts.findIndex((at, attempt) => lateness(at, attempt));
  for (const drift of [0.9, 1, 1.1])
    assert.equal(
      attempts.findIndex((at, i) => lateness(at * drift, i)),
      first,
    );
  assert.equal(Math.round(attempts[first]! / 3_600_000), 4);
});
