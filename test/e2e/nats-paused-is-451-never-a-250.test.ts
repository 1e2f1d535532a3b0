// A frozen nats-server keeps its connections open and confirms nothing: clients are told to try again, in time, and are
// never told yes. When it goes on, so does the mail.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { until } from '../harness/until.ts';

const atOnce = 5;
const patienceMs = 40_000;

test('NATS paused is a 451, never a 250', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const open = await Promise.all([1, 2].map((node) => fleet.session(node)));

  fleet.kill('nats-server', 'SIGSTOP');
  const started = performance.now();
  const sent = await Promise.all([
    ...open.map((session) => fleet.send({ session })),
    ...Array.from({ length: atOnce }, (_, i) => fleet.send({ node: 1 + (i % 2) })), // a login needs no queue
  ]);
  const tookMs = performance.now() - started;
  fleet.kill('nats-server', 'SIGCONT');

  for (const { result } of sent)
    assert.equal(result.kind === 'refused' ? result.code : result.kind, 451, JSON.stringify(result));
  assert.ok(tookMs < patienceMs, `the answers took ${Math.round(tookMs)} ms`);
  t.diagnostic(`451 after ${Math.round(tookMs)} ms`);

  await until('mail is accepted again', async () => (await fleet.send({ node: 2 })).result.kind === 'accepted');
  await fleet.allArrived();
  const { lost, unacceptedButDelivered } = fleet.ledger.verdict();
  assert.deepEqual({ lost, unacceptedButDelivered }, { lost: [], unacceptedButDelivered: [] });
});
