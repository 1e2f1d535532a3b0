import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openTurns, type Turn } from './turns.ts';

const patience = { waitMs: 10, slowMs: 1_000 };

function setUp(slots: number) {
  const stop = new AbortController();
  const clock = { now: 0 };
  const turns = openTurns({ slots, now: () => clock.now, signal: stop.signal, patience });
  const many = (count: number, destination: string) =>
    Promise.all(Array.from({ length: count }, () => turns.next(destination)));
  return { stop, clock, turns, many };
}
const going = (turns: readonly Turn[]) => turns.filter((turn) => turn.kind === 'now');

test('one destination alone gets two thirds of the slots, two get two fifths each, and a newcomer always gets one', async () => {
  const { many } = setUp(100);
  assert.equal(going(await many(100, 'a')).length, 67);
  assert.ok(going(await many(33, 'b')).length >= 20);
  assert.equal(going(await many(1, 'c')).length, 1);
});

test('however many destinations hang, the next one gets a turn', () => {
  const destinations = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 300 });
  return fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 60 }), destinations, async (slots, asking) => {
      const { stop, turns } = setUp(slots);
      let taken = 0;
      for (const name of asking) {
        if (taken >= slots - 1) break; // a lane has no more entries in hand than slots
        void turns.next(String(name)).then(({ kind }) => kind === 'now' && taken++);
        await Promise.resolve();
        await Promise.resolve();
      }
      assert.equal((await turns.next('newcomer')).kind, 'now');
      stop.abort();
    }),
  );
});

test('surplus gets the turn that is given back in time', async () => {
  const { turns, many } = setUp(3);
  const [first] = going(await many(2, 'a'));
  const waiting = turns.next('a');
  assert.ok(first?.kind === 'now');
  first.end();
  first.end(); // twice is once
  const late = turns.next('a');
  assert.equal((await waiting).kind, 'now');
  assert.equal((await late).kind, 'surplus');
});

test('surplus that waited in vain is put back, and for a while no more waits at all', async () => {
  const { turns, many, clock } = setUp(3);
  await many(2, 'a');
  assert.equal((await turns.next('a')).kind, 'surplus');
  let settled: Turn | undefined;
  void turns.next('a').then((turn) => (settled = turn));
  await new Promise(setImmediate);
  assert.equal(settled?.kind, 'surplus');
  clock.now = patience.slowMs;
  settled = undefined;
  const later = turns.next('a').then((turn) => (settled = turn));
  await new Promise(setImmediate);
  assert.equal(settled, undefined);
  await later;
});

test('a turn given back may be another destination’s', async () => {
  const { turns, many } = setUp(2);
  const [first] = going(await many(2, 'a'));
  const waiting = turns.next('b');
  assert.ok(first?.kind === 'now');
  first.end();
  assert.equal((await waiting).kind, 'now');
});

test('stopping ends all waiting, and nothing is begun any more', async () => {
  const { stop, turns, many } = setUp(3);
  await many(2, 'a');
  const waiting = turns.next('a');
  stop.abort();
  assert.equal((await waiting).kind, 'stopped');
  assert.equal((await turns.next('b')).kind, 'stopped');
});
