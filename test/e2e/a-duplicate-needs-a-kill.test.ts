// Nothing dies, nothing comes twice: a crowd of mails, a receiver that takes its time, two nodes, every mail exactly once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { sendAll } from '../harness/load.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';

const mails = 300;

test('a duplicate needs a kill', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  fleet.receiver.script.thinkMs = () => Math.random() * 200;

  await sendAll(fleet, { mails, connections: 20 });
  await fleet.allArrived();
  await untilQueueIsEmpty(fleet.ready);

  const verdict = fleet.ledger.verdict();
  assert.equal(verdict.accepted, mails);
  assert.deepEqual(verdict.lost, []);
  assert.deepEqual(verdict.duplicates, []);
  assert.equal(fleet.receiver.taken.length, mails);
});
