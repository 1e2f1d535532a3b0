import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConnections, type Lease, type Leased } from './connections.ts';
import type { Fact } from './facts.ts';
import type { Session } from './smtp-client.ts';

type FakeSession = Session & { closed: boolean };

function setUp(settings: { mailsPerSession?: number; restMs?: number } = {}) {
  const clock = { now: 0 };
  const opened: FakeSession[] = [];
  const pool = openConnections({ idleMs: 1_000, mailsPerSession: 100, restMs: 500, ...settings }, () => clock.now);
  const open = async () => {
    const session: FakeSession = {
      tls: null,
      closed: false,
      send: () => assert.fail('not here'),
      address: '192.0.2.1',
      isOpen: () => !session.closed,
      quit: () => void (session.closed = true),
    };
    opened.push(session);
    return { ok: true as const, session };
  };
  const lease = (changes: Partial<Parameters<typeof pool.lease>[0]> = {}) =>
    pool.lease({ key: 'a', limit: 2, open, ...changes });
  return { clock, opened, pool, lease };
}
const held = (leased: Leased): Lease => (leased.ok ? leased.lease : assert.fail('no session'));
const gone: Fact = { kind: 'unreachable', detail: 'ECONNREFUSED' };

test('a session that is given back is used again, by mail of the same key only', async () => {
  const { lease, opened } = setUp();
  const first = held(await lease());
  assert.equal(first.reused, false);
  first.end(true);
  const second = held(await lease());
  assert.equal(second.reused, true);
  second.end(true);
  await lease({ key: 'b' });
  assert.equal(opened.length, 2);
});

test('a session that cannot be reused, was closed, or carried its share is not', async () => {
  const { lease, opened } = setUp({ mailsPerSession: 2 });
  held(await lease()).end(false);
  assert.equal(opened[0]?.closed, true);
  held(await lease()).end(true);
  opened[1]!.closed = true; // by the peer, while idle
  const third = held(await lease());
  assert.equal(third.reused, false);
  third.end(true);
  held(await lease()).end(true);
  assert.equal(opened[2]?.closed, true); // two mails
});

test('a fresh one is asked for: those that waited are let go', async () => {
  const { lease, opened } = setUp();
  held(await lease()).end(true);
  const fresh = held(await lease({ fresh: true }));
  assert.equal(fresh.reused, false);
  assert.equal(opened[0]?.closed, true);
});

test('never more sessions than the limit; whoever waits gets the next one free, in order', async () => {
  const { lease, opened } = setUp();
  const [one, two] = [held(await lease()), held(await lease())];
  const order: string[] = [];
  const waiting = ['third', 'fourth'].map(async (name) => {
    const mine = held(await lease());
    order.push(name);
    return mine;
  });
  one.end(true);
  two.end(false); // its place is passed on, and a new session takes it
  const leases = await Promise.all(waiting);
  assert.deepEqual(order, ['third', 'fourth']);
  assert.deepEqual(
    leases.map(({ reused }) => reused),
    [true, false],
  );
  assert.equal(opened.filter(({ closed }) => !closed).length, 2);
});

test('a hop that cannot be reached fails all who wait for it, and rests', async () => {
  const { lease, clock, opened } = setUp();
  let asked = 0;
  const open = async () => (asked++, { ok: false as const, fact: gone });
  const all = await Promise.all([lease({ limit: 1, open }), lease({ limit: 1, open }), lease({ limit: 1, open })]);
  assert.deepEqual(all, Array(3).fill({ ok: false, fact: gone }));
  assert.equal(asked, 1);
  assert.deepEqual(await lease(), { ok: false, fact: gone }); // resting: not even asked
  clock.now = 501;
  held(await lease());
  assert.equal(opened.length, 1);
});

test('with a session open the hop is up: one more that fails is that mail’s trouble alone', async () => {
  const { lease } = setUp();
  held(await lease());
  assert.equal((await lease({ open: async () => ({ ok: false, fact: gone }) })).ok, false);
  assert.equal((await lease()).ok, true);
});

test('closing lets idle sessions go at once and used ones when they come back', async () => {
  const { lease, pool, opened } = setUp();
  const [one, two] = [held(await lease()), held(await lease())];
  one.end(true);
  pool.close();
  assert.deepEqual(
    opened.map(({ closed }) => closed),
    [true, false],
  );
  two.end(true);
  assert.equal(opened[1]?.closed, true);
});

test('a defect while a session is opened costs its mail alone: the place is free again', async () => {
  const { lease } = setUp();
  const broken = () => Promise.reject(new Error('a defect'));
  for (let i = 0; i < 3; i++) await assert.rejects(lease({ limit: 1, open: broken }), /a defect/);
  const failing = lease({ limit: 1, open: broken });
  const waiting = lease({ limit: 1 });
  await assert.rejects(failing, /a defect/);
  assert.ok((await waiting).ok);
});

test('an idle session is let go after its time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { lease, opened } = setUp();
  held(await lease()).end(true);
  t.mock.timers.tick(999);
  assert.equal(opened[0]?.closed, false);
  t.mock.timers.tick(1);
  assert.equal(opened[0]?.closed, true);
  assert.equal(held(await lease()).reused, false);
});
