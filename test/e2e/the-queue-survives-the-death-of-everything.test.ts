// Every process of the fleet dies at once, as in a power cut. Started again on the same state, it goes on where it was: with
// the same passwords, and with all mail that got a 250.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { sendAll } from '../harness/load.ts';
import { entriesIn, untilQueueIsEmpty } from '../harness/queue-view.ts';
import { until } from '../harness/until.ts';

const mails = 20;

test('the queue survives the death of everything', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '30s' });
  const { password } = fleet.login();

  await fleet.receiver.goAway();
  await sendAll(fleet, { mails, connections: 4 });
  await until('some mail is deferred', async () =>
    (await entriesIn(fleet.ready())).some(({ state }) => state === 'deferred'),
  );
  await sendAll(fleet, { mails, connections: 4 });
  await fleet.crash();
  assert.equal(fleet.ledger.verdict().accepted, 2 * mails);

  await fleet.receiver.comeBack();
  await fleet.startAgain();
  assert.equal(fleet.login().password, password);
  await fleet.allArrived();
  await untilQueueIsEmpty(fleet.ready);
  const { lost, duplicates } = fleet.ledger.verdict();
  assert.deepEqual({ lost, duplicates }, { lost: [], duplicates: [] });
});
