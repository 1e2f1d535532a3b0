// The operator never touches mail: while it is dead or frozen, nodes go on with the configuration they hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { sendAll } from '../harness/load.ts';

const mails = 40;

test('the operator killed changes nothing for mail', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const nodes = ['node-1', 'node-2'].map((node) => fleet.pid(node));

  const former = fleet.kill('operator', 'SIGKILL');
  await sendAll(fleet, { mails, connections: 4 });
  await fleet.restarted('operator', former);

  fleet.kill('operator', 'SIGSTOP');
  await sendAll(fleet, { mails, connections: 4 });
  await fleet.allArrived();
  fleet.kill('operator', 'SIGCONT');

  const verdict = fleet.ledger.verdict();
  assert.equal(verdict.accepted, 2 * mails);
  assert.deepEqual(verdict.lost, []);
  assert.deepEqual(verdict.duplicates, []);
  assert.deepEqual(
    ['node-1', 'node-2'].map((node) => fleet.pid(node)),
    nodes,
  );
});
