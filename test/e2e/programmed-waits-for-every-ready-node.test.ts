// Programmed is a promise about nodes, not about the operator: while one ready node has not acknowledged an edit, the objects it
// touches are not programmed, and the message names the node. A node that is gone no longer counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edit } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { senderPlatform, usual } from '../harness/manifests.ts';
import { conditionIn, untilCondition } from '../harness/statuses.ts';

const platform = { kind: 'SenderPlatform', name: usual.platform } as const;
const domain = { kind: 'RelayDomain', name: 'shop' } as const;
const programmed = { type: 'Programmed', status: 'True' } as const;
const waiting = { type: 'Programmed', status: 'False', reason: 'WaitingForNodes' } as const;
const platformFrom = (local: string) =>
  senderPlatform({ domainRefs: [{ name: 'shop', from: [usual.from.split('@')[0], local] }] });

test('Programmed waits for every ready node', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  await untilCondition(fleet, platform, programmed);

  fleet.kill('node-2', 'SIGSTOP');
  edit(fleet, platformFrom('news'));
  const { message } = await untilCondition(fleet, platform, waiting);
  assert.match(message, /node-2/);
  assert.doesNotMatch(message, /node-1/);
  assert.equal(conditionIn(fleet, domain, 'Programmed')?.status, 'True', 'what was not edited stays programmed');
  fleet.kill('node-2', 'SIGCONT');
  await untilCondition(fleet, platform, programmed);

  fleet.kill('node-2', 'SIGSTOP');
  edit(fleet, platformFrom('offers'));
  await untilCondition(fleet, platform, waiting);
  await untilCondition(fleet, platform, programmed, 60_000); // node-2 was not heard of for 35 s
  fleet.kill('node-2', 'SIGCONT');
});
