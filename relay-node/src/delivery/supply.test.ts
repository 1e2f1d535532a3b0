import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSupply, type SupplyFailure } from './supply.ts';

/** A supply from a reading that yields one piece when told to, and what its listener heard. */
function setUp(end: 'intact' | 'damaged' = 'intact') {
  const heard: (SupplyFailure | 'arrival')[] = [];
  const { promise, resolve: come } = Promise.withResolvers<void>();
  const state = { closed: false };
  async function* read(): AsyncGenerator<Buffer, 'intact' | 'damaged'> {
    try {
      await promise;
      yield Buffer.from('piece');
      return end;
    } finally {
      state.closed = true;
    }
  }
  const listener = {
    onArrival: () => void heard.push('arrival'),
    onFailure: (why: SupplyFailure) => void heard.push(why),
  };
  return { heard, come, state, supply: openSupply({ size: 5, read }, listener) };
}
const settled = () => new Promise(setImmediate);

test('a piece is told of, taken once, and only then is the end asked for', async () => {
  const { heard, come, supply } = setUp();
  assert.equal(supply.take(), undefined);
  come();
  await settled();
  assert.deepEqual([heard, supply.isOver()], [['arrival'], false]);
  assert.equal(supply.take()?.toString(), 'piece');
  assert.equal(supply.take(), undefined);
  await settled();
  assert.deepEqual([heard, supply.isOver()], [['arrival', 'arrival'], true]);
});

test('a wrong end is a failure, and never over', async () => {
  const { heard, come, supply } = setUp('damaged');
  come();
  await settled();
  supply.take();
  await settled();
  assert.deepEqual([heard, supply.isOver()], [['arrival', 'BODY_DAMAGED'], false]);
});

test('once stopped it tells nobody anything and lets go of the reading', async () => {
  const { heard, come, state, supply } = setUp('damaged');
  supply.stop();
  come();
  await settled();
  assert.deepEqual([heard, supply.take(), state.closed], [[], undefined, true]);
});
