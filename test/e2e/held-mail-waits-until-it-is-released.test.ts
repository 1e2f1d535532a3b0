// An order to hold: mail is still taken and none of it leaves, whatever its state, until the hold is released; then all of it leaves,
// at once and once. Dry runs and a reader's look change nothing of that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayfleetSays } from '../harness/command-line.ts';
import { startFleet } from '../harness/fleet.ts';
import { sendAll } from '../harness/load.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';
import { until } from '../harness/until.ts';

type Listed = { readonly items: readonly { readonly heldSince?: string; readonly heldBy?: string }[] };

const mails = 10;

test('held mail waits until it is released', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t);
  const given = await relayfleetSays(fleet, 'queue', 'hold', '--platform', 'shop/orders', '--reason', 'test', '--yes');
  const [name = ''] = /hold-[0-9a-f]+/.exec(given) ?? [];
  await sendAll(fleet, { mails, connections: 4 });
  assert.equal(fleet.ledger.verdict().accepted, mails, 'a hold takes mail all the same');

  await until('every mail is held by that order', async () => {
    const { items } = JSON.parse(await relayfleetSays(fleet, 'queue', 'ls', '-o', 'json')) as Listed;
    return items.length === mails && items.every(({ heldSince, heldBy }) => heldSince !== undefined && heldBy === name);
  });
  assert.match(
    await relayfleetSays(fleet, 'queue', 'orders'),
    new RegExp(`${name} +hold +platform shop/orders +${mails} `),
  );
  assert.match(await relayfleetSays(fleet, 'queue', 'release', '--all', '--dry-run'), /Nothing was changed/);
  assert.equal(fleet.receiver.taken.length, 0);

  const released = await relayfleetSays(fleet, 'queue', 'release', name, '--yes');
  assert.match(released, /It was brought forward/);
  await fleet.allArrived(60_000); // the next look at a held entry would be up to two minutes away
  await untilQueueIsEmpty(fleet.ready);
  const { lost, duplicates } = fleet.ledger.verdict();
  assert.deepEqual(
    { lost, duplicates, taken: fleet.receiver.taken.length },
    { lost: [], duplicates: [], taken: mails },
  );
  assert.equal(await relayfleetSays(fleet, 'queue', 'orders'), 'No order is in force.\n');
});
