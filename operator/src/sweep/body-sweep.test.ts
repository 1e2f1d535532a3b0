import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orphanAfterMs } from '@relayfleet/contract/body-grace.ts';
import type { BodyFacts } from '@relayfleet/jetstream/stored-bodies.ts';
import { createBodySweep } from './body-sweep.ts';
import { finishedAfterMs } from './waiting.ts';

/** A store whose contents are the test's; the clock runs only when told to. */
function setUp(limits = { looks: 100, ms: 1_000 }) {
  const listed = new Map<string, number>();
  const withEntries = new Set<string>();
  const truth = new Map<string, Partial<BodyFacts>>();
  const calls: string[] = [];
  const state = { clock: 0, lookTakesMs: 0, fails: undefined as string | undefined };
  const step = (call: string) => {
    calls.push(call);
    if (state.fails === call) throw new Error('NATS did not answer');
  };
  const sweep = createBodySweep({
    monotonic: () => state.clock,
    limits,
    bodies: {
      async list() {
        step('list');
        return new Map(listed);
      },
      async withEntries() {
        step('withEntries');
        return new Set(withEntries);
      },
      async look(id) {
        step(`look ${id}`);
        state.clock += state.lookTakesMs;
        return { hasEntry: false, committed: false, sequences: [], upTo: 1, ...truth.get(id) };
      },
      async erase(id) {
        step(`erase ${id}`);
        listed.delete(id);
      },
    },
  });
  const pass = (afterMs = 60_000) => {
    state.clock += afterMs;
    return sweep.pass(new AbortController().signal);
  };
  const erased = () => calls.filter((call) => call.startsWith('erase')).map((call) => call.slice(6));
  return { listed, withEntries, truth, calls, state, pass, erased };
}

test('a finished mail’s body goes with the second pass, an orphan after the longest transaction, any other stays', async () => {
  const { listed, withEntries, truth, pass, erased } = setUp();
  for (const id of ['finished', 'orphan', 'waiting']) listed.set(id, 2);
  withEntries.add('waiting');
  truth.set('finished', { committed: true });
  assert.deepEqual(await pass(), { finished: 0, orphans: 0 });
  assert.deepEqual(await pass(), { finished: 1, orphans: 0 });
  assert.deepEqual(await pass(orphanAfterMs - 60_000 - 1), { finished: 0, orphans: 0 });
  assert.deepEqual(await pass(1), { finished: 0, orphans: 1 });
  assert.deepEqual(erased(), ['finished', 'orphan']);
});

test('bodies are listed before entries', async () => {
  const { calls, pass } = setUp();
  await pass();
  assert.deepEqual(calls, ['list', 'withEntries']);
});

test('an entry that the listing missed and the closer look finds keeps the body, and its waiting begins anew', async () => {
  const { listed, truth, pass, erased } = setUp();
  listed.set('moving', 1);
  truth.set('moving', { hasEntry: true, committed: true });
  await pass();
  await pass(orphanAfterMs);
  truth.set('moving', { hasEntry: false, committed: true });
  await pass();
  assert.deepEqual(erased(), []);
  await pass();
  assert.deepEqual(erased(), ['moving']);
});

for (const failing of ['list', 'withEntries', 'look orphan', 'erase orphan'])
  test(`a pass whose "${failing}" fails removes nothing more, rejects, and what was waited for before does not count`, async () => {
    const { listed, state, pass, erased } = setUp();
    listed.set('orphan', 1);
    await pass();
    state.fails = failing;
    await assert.rejects(pass(orphanAfterMs), /did not answer/);
    state.fails = undefined;
    assert.deepEqual(await pass(), { finished: 0, orphans: 0 });
    assert.deepEqual(await pass(finishedAfterMs), { finished: 0, orphans: 0 });
    assert.deepEqual(await pass(orphanAfterMs), { finished: 0, orphans: 1 });
    assert.equal(erased().at(-1), 'orphan');
  });

test('a pass looks at no more bodies than allowed and ends in time; the next goes on', async () => {
  const { listed, truth, state, pass, erased } = setUp({ looks: 3, ms: 100 });
  for (let n = 0; n < 5; n++) {
    listed.set(`m${n}`, 1);
    truth.set(`m${n}`, { committed: true });
  }
  await pass();
  assert.equal((await pass()).finished, 3);
  state.lookTakesMs = 101;
  assert.equal((await pass()).finished, 1);
  assert.equal((await pass()).finished, 1);
  assert.equal(new Set(erased()).size, 5);
});
