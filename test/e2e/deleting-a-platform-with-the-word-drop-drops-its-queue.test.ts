// Whoever deletes a SenderPlatform and says so has its queued mail dropped: by the nodes, on record, nobody being told; then the
// object goes, and nothing of it is left in the queue.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { annotated, edit, remove } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { senderPlatform, usual } from '../harness/manifests.ts';
import { entriesIn } from '../harness/queue-view.ts';
import { until } from '../harness/until.ts';

test('a platform deleted with the word drop takes its queue along', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '1s,10m' });
  const record = join(fleet.directory, 'state/operator/objects/SenderPlatform', `${usual.namespace}.orders.json`);
  await fleet.receiver.goAway();
  for (const node of [1, 2]) await fleet.send({ node });
  edit(fleet, annotated(senderPlatform(), { 'relayfleet.io/on-delete': 'drop' }));
  await until('the word is known', () => readFileSync(record, 'utf8').includes('on-delete'));
  assert.equal((await entriesIn(fleet.ready())).length, 2);
  remove(fleet, 'SenderPlatform');
  await until('it is gone', () => !existsSync(record), { withinMs: 90_000 });
  assert.deepEqual(await entriesIn(fleet.ready()), []);
  await fleet.receiver.comeBack();
  assert.equal(fleet.receiver.taken.length, 0, 'nobody heard of it');
});
