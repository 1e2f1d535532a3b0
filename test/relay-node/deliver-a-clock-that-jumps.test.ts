// A clock that jumps by days bounces no mail and loses none: not while it is in doubt, not when a node starts with a wrong one, and
// not when NATS and a node disagree. NATS keeps the true time here; the node's clock is the test's.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { streamStates } from '@relayfleet/jetstream/stream-states.ts';
import { createClock, readMachine, type Clock, type ClockNews } from '@relayfleet/relay-node/clock.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const day = 86_400_000;
const directions = [10 * day, -10 * day] as const;

async function startFixture(t: TestContext) {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const attempts = () => rig.report.events.filter(({ type }) => type === 'attempted').length;
  return { peer, rig, attempts, asked: (count: number) => until(`${count} attempts`, () => attempts() >= count) };
}

/** A node's clock, off by what the test says at the moment. */
function jumpingClock(offMs = 0): { readonly clock: Clock; readonly news: ClockNews[]; jump(byMs: number): void } {
  let off = offMs;
  const news: ClockNews[] = [];
  const read = () => ({ ...readMachine(), wall: Date.now() + off });
  const clock = createClock(read, (one) => news.push(one));
  return { clock, news, jump: (byMs) => void (off += byMs) };
}

const later = { RCPT: () => '451 4.3.0 later' };

for (const byMs of directions)
  test(`jump by ${byMs / day} days under way: what is deferred and what is new is delivered, signed for any time`, async (t) => {
    const { peer, rig, asked, attempts } = await startFixture(t);
    const { clock, news, jump } = jumpingClock();
    peer.script = later;
    await rig.commit();
    rig.start({ clock });
    await asked(1);
    jump(byMs);
    const now = clock.now();
    await rig.commit({ acceptedAt: now, due: now });
    await asked(attempts() + 2);
    peer.script = {};
    const mails = await peer.mail(2);
    await rig.entries();
    const settled = await rig.events('settled', 2);
    assert.deepEqual(
      settled.map(({ totals }) => totals),
      [1, 2].map(() => ({ delivered: 1, bounced: 0, expired: 0, dropped: 0 })),
    );
    assert.equal(peer.mails.length, 2, 'no bounce, nothing twice');
    assert.deepEqual(
      news.map(({ kind }) => kind),
      ['jumped'],
    );
    for (const { raw } of mails) {
      const [, since = '', lapses = ''] = / t=(\d+); x=(\d+);/.exec(raw.toString()) ?? [];
      for (const time of [Date.now(), Date.now() + byMs])
        assert.ok(Number(since) * 1000 <= time && time < Number(lapses) * 1000, 'whichever of the two times is right');
    }
  });

for (const offMs of directions)
  test(`a node starts ${offMs / day} days off: what another one deferred is tried, not given up`, async (t) => {
    const { peer, rig, asked } = await startFixture(t);
    peer.script = later;
    await rig.commit();
    const right = rig.start({ retryDelays: [2_000] });
    await asked(1);
    await right.stop(5_000);
    peer.script = {};
    rig.start({ clock: jumpingClock(offMs).clock });
    await peer.mail(1);
    await rig.entries();
    assert.deepEqual((await rig.events('settled', 1))[0]?.totals, { delivered: 1, bounced: 0, expired: 0, dropped: 0 });
  });

test('mail accepted by a clock that was ten days behind gets its tries', async (t) => {
  const { peer, rig, asked } = await startFixture(t);
  peer.script = later;
  const acceptedAt = Date.now() - 10 * day;
  await rig.commit({ acceptedAt, due: acceptedAt });
  rig.start();
  await asked(3);
  peer.script = {};
  await peer.mail(1);
  await rig.entries();
  assert.equal(peer.mails.length, 1);
});

test('a node whose clock is behind that of NATS does not hurry through the schedule, and stops at once', async (t) => {
  const { peer, rig } = await startFixture(t);
  const { clock } = jumpingClock(-10 * day);
  peer.script = later;
  const now = clock.now();
  const { id } = await rig.commit({ acceptedAt: now, due: now });
  const node = rig.start({ clock, retryDelays: [1_000, 1_000, 3_600_000] });
  const attempted = await rig.events('attempted', 3);
  const gaps = attempted.slice(1).map(({ at }, i) => at - attempted[i]!.at);
  assert.ok(
    gaps.every((gap) => gap >= 450),
    gaps.join(),
  );
  await until('the entry to be in hand again', async () => {
    const { consumers } = await streamStates(rig.nats);
    return consumers.some(({ consumer, unfinished }) => consumer === 'retry' && unfinished === 1);
  });
  const before = performance.now();
  await node.stop(60_000);
  assert.ok(performance.now() - before < 10_000, 'the wait for its time does not hold up the end');
  peer.script = {};
  rig.start();
  assert.equal((await rig.events('settled', 1))[0]?.id, id);
  assert.equal(peer.mails.length, 1);
});
