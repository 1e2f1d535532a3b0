// A node that starts has nothing to compare with, so it takes only a manifest that a living operator signed lately: an old copy
// of the bucket brings no withdrawn password back. It says why it waits, takes no mail, and starts with the next good one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHandMadeFleet } from '../harness/hand-made-fleet.ts';
import { startNode } from '../harness/programs.ts';
import { usualLogin } from '../harness/snapshot.ts';
import { authPlain, openAnonymously } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

test('a fresh node takes no stale snapshot', { timeout: 120_000 }, async (t) => {
  const fleet = await startHandMadeFleet(t);
  await fleet.publish(7, { issuedAt: Date.now() - 60 * 60_000 });
  const node = await startNode({ t, directory: fleet.directory }, { name: 'node-1', ...fleet });

  const told = await until('the node says why it waits', () => {
    const last = fleet.acknowledgement('node-1');
    return last?.problems.some(({ reason }) => reason === 'TooOld') ? last : undefined;
  });
  assert.equal(told.generation, 0);
  assert.equal(told.ready, false);
  assert.match(told.problems[0]?.message ?? '', /60 min ago.*operator/);
  const readyz = await fetch(`${node.telemetry}/readyz`);
  assert.equal(readyz.status, 503);
  assert.match(await readyz.text(), /no configuration yet/);
  const answer = await openAnonymously(node.implicit, fleet.ca).then(
    async (session) => (await session.command(authPlain({ user: usualLogin.username, ...usualLogin }))).text,
    (error: Error) => error.message, // not even greeted is fine, too
  );
  assert.doesNotMatch(answer, /^2/);

  await fleet.publish(7);
  await node.untilReady();
  const adopted = () => fleet.acknowledgement('node-1')?.generation === 7;
  await until('the node says that it has the same generation, signed anew', adopted);
});
