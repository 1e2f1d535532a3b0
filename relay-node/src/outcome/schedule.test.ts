import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isTooOld, nextDue, nextLook, standardDelays, type ScheduleRequest } from './schedule.ts';

const day = 86_400_000;
const request = (changes: Partial<ScheduleRequest> = {}): ScheduleRequest => ({
  id: '01HZZZZZZZZZZZZZZZZZZZZZZZ',
  attempts: 1,
  from: 0,
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
      const given = { ...rest, from: rest.acceptedAt + sinceAccepted };
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
  let from = 0;
  let attempts = 0;
  while (!isTooOld({ acceptedAt: 0, attempt: attempts }, 2 * day, from))
    from = nextDue(request({ attempts: ++attempts, from, maxAgeMs: 2 * day }));
  assert.equal(from, 2 * day);
  assert.ok(attempts > 12 && attempts < 25, String(attempts));
});

test('a schedule of one’s own is followed, its last wait repeats', () => {
  const waits = [1, 2, 3, 9].map((attempts) => nextDue(request({ attempts }), [1_000, 10_000]));
  assert.ok(waits[0]! < 1_101 && waits.slice(1).every((wait) => wait > 8_999 && wait < 11_001));
});

test('only a mail that was tried is too old', () => {
  assert.equal(isTooOld({ acceptedAt: 0, attempt: 0 }, day, 99 * day), false);
  assert.equal(isTooOld({ acceptedAt: 0, attempt: 1 }, day, day - 1), false);
  assert.equal(isTooOld({ acceptedAt: 0, attempt: 1 }, day, day), true);
});

test('a held entry is looked at again within two minutes, at one moment however often it is put back before', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 2 ** 41 }), (id, now) => {
      const look = nextLook(id, now);
      assert.ok(look - now > 29_999 && look - now <= 120_000, String(look - now));
      const minute = Math.floor((now + 30_000) / 60_000);
      assert.equal(look, nextLook(id, minute * 60_000 - 30_000));
    }),
  );
});
