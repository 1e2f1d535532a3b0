// The queue itself dies under load. What got a 250 was synced to its disk before, and arrives; what did not was never ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { sendAll } from '../harness/load.ts';
import { until } from '../harness/until.ts';

const mails = 300;
const connections = 10;
/** After these shares of the mail. */
const kills = [0.25, 0.5, 0.75];

test('nats-server killed loses nothing', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t);
  const { ledger, receiver } = fleet;

  const load = sendAll(fleet, { mails, connections });
  for (const share of kills) {
    await until(`${share * mails} mails are submitted`, () => ledger.verdict().submitted >= share * mails);
    const former = fleet.kill('nats-server', 'SIGKILL');
    await fleet.restarted('nats-server', former);
  }
  await load;
  const { result } = await fleet.send();
  assert.equal(result.kind, 'accepted', `after the restart: ${JSON.stringify(result)}`);

  await fleet.allArrived();
  const verdict = ledger.verdict();
  t.diagnostic(JSON.stringify({ ...verdict, duplicates: verdict.duplicates.length, taken: receiver.taken.length }));
  assert.deepEqual(verdict.lost, []);
  assert.deepEqual(verdict.unacceptedButDelivered, []);
  // No node died, so each remembers what it has sent and says so when NATS is back: a duplicate takes a slow one of them.
  assert.ok(verdict.duplicates.length <= kills.length, `duplicates: ${verdict.duplicates.join(', ')}`);
});
