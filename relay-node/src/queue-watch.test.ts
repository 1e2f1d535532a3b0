import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { QueueStates } from '@relayfleet/jetstream/stream-states.ts';
import { fleetPolicy } from '../../test/harness/snapshot.ts';
import type { Marks } from './policy/admission.ts';
import { watchQueue } from './queue-watch.ts';

const filled = (share: number): QueueStates => ({
  streams: [{ stream: 'MQ', messages: 1, bytes: share * 1_000, maxBytes: 1_000, oldestAt: 0 }],
  consumers: [],
});

/** A watch of which each look is made by hand. */
function setUp(t: TestContext, answers: (() => Promise<QueueStates>)[]) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const clock = { now: 0 };
  const looks: Marks[] = [];
  const watch = watchQueue({
    read: () => answers.shift()!(),
    fleet: () => fleetPolicy(),
    now: () => clock.now,
    onLook: (marks) => void looks.push(marks),
    everyMs: 1_000,
  });
  t.after(() => watch.stop());
  const settle = () => new Promise(setImmediate);
  const look = async () => {
    clock.now += 1_000;
    t.mock.timers.tick(1_000);
    await settle();
  };
  return { watch, look, clock, looks, settle };
}
const away = () => Promise.reject(new Error('away'));

test('marks follow the looks, and hold while they are near', async (t) => {
  const answers = [0.69, 0.71, 0.69, 0.5].map((share) => () => Promise.resolve(filled(share)));
  const { watch, look, settle } = setUp(t, answers);
  await settle();
  const seen = [watch.marks().size];
  for (let n = 0; n < 3; n++) {
    await look();
    seen.push(watch.marks().size);
  }
  assert.deepEqual(seen, [0, 1, 1, 0]);
});

test('not knowing refuses nothing: a few looks may fail, then what was known is forgotten', async (t) => {
  const { watch, look, looks, settle } = setUp(t, [() => Promise.resolve(filled(0.9)), ...Array(9).fill(away)]);
  await settle();
  for (let n = 0; n < 5; n++) {
    await look();
    assert.equal(watch.marks().size, 2);
  }
  await look();
  assert.deepEqual([watch.marks().size, watch.states(), looks.at(-1)?.size], [0, undefined, 0]);
});

test('looks do not overlap: one that hangs is waited for', async (t) => {
  let asked = 0;
  const hanging = () => (asked++, new Promise<QueueStates>(() => undefined));
  const { look } = setUp(t, [hanging, hanging, hanging]);
  await look();
  await look();
  assert.equal(asked, 1);
});
