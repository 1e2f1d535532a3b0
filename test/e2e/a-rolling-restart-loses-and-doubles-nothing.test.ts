// Nodes are stopped in an orderly way one after the other, as a rollout does it, while clients send: transactions under way
// finish, what is in hand is finished or handed back, and the outcome is on record. So nothing is lost, and nothing is doubled.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { sendAll } from '../harness/load.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';
import { until } from '../harness/until.ts';

const mails = 400;

test('a rolling restart loses and doubles nothing', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const { ledger, receiver } = fleet;
  receiver.script.thinkMs = () => Math.random() * 300;

  const load = sendAll(fleet, { mails, connections: 10, paceMs: 100 });
  for (const [i, node] of ['node-1', 'node-2', 'node-1', 'node-2'].entries()) {
    const share = (i + 1) * 0.18;
    await until(`${share * mails} mails are submitted`, () => ledger.verdict().submitted >= share * mails);
    const former = fleet.kill(node, 'SIGTERM');
    await fleet.restarted(node, former);
  }
  await load;
  await fleet.allArrived();
  await untilQueueIsEmpty(fleet.ready);

  const verdict = ledger.verdict();
  t.diagnostic(JSON.stringify(verdict));
  assert.deepEqual(verdict.lost, []);
  assert.deepEqual(verdict.duplicates, []);
  assert.deepEqual(verdict.unacceptedButDelivered, []);
  // A client that was cut off after its final dot cannot know: an orderly stop puts nobody into that position.
  assert.equal(receiver.taken.length, verdict.accepted);
});
