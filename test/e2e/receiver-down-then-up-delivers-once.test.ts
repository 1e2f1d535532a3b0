// A next hop that nobody can reach costs its mail time, nothing else: it waits as a schedule and is delivered once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { sendAll } from '../harness/load.ts';
import { entriesIn, untilQueueIsEmpty } from '../harness/queue-view.ts';
import { until } from '../harness/until.ts';

const mails = 20;

test('receiver down, then up: delivered once', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '30s' });

  await fleet.receiver.goAway();
  await sendAll(fleet, { mails, connections: 4 });
  assert.equal(fleet.ledger.verdict().accepted, mails);
  await until('every mail is deferred', async () => {
    const entries = await entriesIn(fleet.ready());
    return entries.length === mails && entries.every(({ state }) => state === 'deferred');
  });

  await fleet.receiver.comeBack();
  await fleet.allArrived();
  await untilQueueIsEmpty(fleet.ready);
  const { lost, duplicates } = fleet.ledger.verdict();
  assert.deepEqual({ lost, duplicates }, { lost: [], duplicates: [] });
  assert.equal(fleet.receiver.taken.length, mails, 'no bounce, no second copy');
});
