// An order to retry: what matches is tried now although its time is an hour away; what does not match keeps its time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayfleetSays } from '../harness/command-line.ts';
import { startFleet } from '../harness/fleet.ts';
import { usual } from '../harness/manifests.ts';
import { entriesIn, untilQueueIsEmpty } from '../harness/queue-view.ts';
import { until } from '../harness/until.ts';

const mails = 5;

test('a retry on the word brings deferred mail forward', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '1h' });
  const { script, taken } = fleet.receiver;
  script.rcpt = () => '451 4.2.0 later';
  const ids: string[] = [];
  for (let sent = 0; sent < mails; sent++) {
    const { result } = await fleet.send();
    if (result.kind === 'accepted') ids.push(result.id);
  }
  const deferred = () => entriesIn(fleet.ready());
  await until('all are deferred', async () => {
    const entries = await deferred();
    return entries.length === mails && entries.every(({ state }) => state === 'deferred');
  });
  const due = new Map((await deferred()).map(({ key, dueAt }) => [key.id, dueAt]));
  delete script.rcpt;

  const [one = '', ...others] = ids;
  await relayfleetSays(fleet, 'queue', 'retry', '--id', one, '--yes');
  await until('that one arrived', () => taken.length === 1);
  await until('it has left the queue', async () => (await deferred()).length === others.length);
  for (const { state, key, dueAt } of await deferred())
    assert.deepEqual([state, dueAt], ['deferred', due.get(key.id)], 'the others keep their time');

  assert.match(await relayfleetSays(fleet, 'queue', 'retry', '--all', '--yes'), /brought forward/);
  await fleet.allArrived(60_000);
  await untilQueueIsEmpty(fleet.ready);
  const { lost, duplicates } = fleet.ledger.verdict();
  assert.deepEqual({ lost, duplicates, taken: taken.length }, { lost: [], duplicates: [], taken: mails });
  assert.ok(taken.every(({ to }) => to[0] === usual.to));
});
