import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOverdueSweep, isPastDue } from './overdue-sweep.ts';

const minute = 60_000;
const overdueMs = 90_000;
const apartMs = 30_000;
const subjectAt = (ms: number, name = 'x') => `df.${Math.floor(ms / minute)}-tx.d.e.n_p.${name}.0`;

/** A queue whose schedules are the test's: the subject, and when it is to fire. */
function setUp(most = 100) {
  const schedules = new Map<string, number>();
  const server = { now: 100 * minute, away: false };
  const moved: string[] = [];
  const sweep = createOverdueSweep({
    overdueMs,
    apartMs,
    most,
    waiting: {
      async deferred() {
        if (server.away) throw new Error('no answer');
        return { subjects: [...schedules.keys(), 'rt.tx.d.e.n_p.due.0'], upTo: 9, now: server.now };
      },
    },
    async moveAll(subjects, { to, because, reason, wanted }) {
      assert.deepEqual([to, because, reason], [server.now + apartMs, 'overdue', 'overdue']);
      const taken = subjects.filter((subject) =>
        wanted({ sequence: 1, at: schedules.get(subject) ?? Infinity, entry: new Uint8Array() }),
      );
      for (const subject of taken) schedules.delete(subject);
      moved.push(...taken);
      return { moved: taken.length, left: 0, gone: 0 };
    },
  });
  const pass = (afterMs = minute) => {
    server.now += afterMs;
    return sweep.pass(new AbortController().signal);
  };
  const defer = (at: number, subject = subjectAt(at)) => (schedules.set(subject, at), subject);
  return { schedules, server, moved, pass, defer };
}

test('a schedule is moved once it is more than 90 s past, and not before', async () => {
  const { server, moved, pass, defer } = setUp();
  const subject = defer(server.now + 30_000);
  assert.equal(await pass(60_000), 0); // 30 s past
  assert.equal(await pass(60_000), 0); // 90 s past
  assert.equal(await pass(1), 1);
  assert.deepEqual(moved, [subject]);
});

test('one that is due later than its subject says is left', async () => {
  const { server, pass, defer } = setUp();
  defer(server.now + 10 * minute, subjectAt(server.now));
  for (let n = 0; n < 5; n++) assert.equal(await pass(), 0);
});

test('after NATS was away what is overdue has a minute to fire by itself', async () => {
  const { server, schedules, moved, pass, defer } = setUp();
  const fires = defer(server.now, subjectAt(server.now, 'fires'));
  const stuck = defer(server.now, subjectAt(server.now, 'stuck'));
  await pass();
  server.away = true;
  await assert.rejects(pass(10 * minute), /no answer/);
  server.away = false;
  assert.equal(await pass(), 0);
  schedules.delete(fires);
  assert.equal(await pass(), 1);
  assert.deepEqual(moved, [stuck]);
});

test('a pass moves no more than it may; the next goes on', async () => {
  const { server, pass, defer } = setUp(3);
  for (let n = 0; n < 5; n++) defer(server.now, subjectAt(server.now, `m${n}`));
  await pass(10 * minute);
  assert.equal(await pass(), 3);
  assert.equal(await pass(), 2);
});

test('what is due again or nobody’s schedule is never past due', () => {
  assert.equal(isPastDue('rt.tx.d.e.n_p.x.0', Infinity), false);
  assert.equal(isPastDue('df.not-a-number', Infinity), false);
});
