// Whoever deletes a SenderPlatform and says so has its queued mail dropped: by the nodes, on record, nobody being told; then the
// object goes, and nothing of it is left in the queue.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { relayfleetSays } from '../harness/command-line.ts';
import { annotated, edit, remove } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { senderPlatform, usual } from '../harness/manifests.ts';
import { entriesIn, eventsIn } from '../harness/queue-view.ts';
import { until } from '../harness/until.ts';

test('a platform deleted with the word drop takes its queue along', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '1s,10m' });
  const record = join(fleet.directory, 'state/operator/objects/SenderPlatform', `${usual.namespace}.orders.json`);
  await fleet.receiver.goAway();
  const sent = [await fleet.send({ node: 1 }), await fleet.send({ node: 2 })];
  const ids = sent.map(({ result }) => (result.kind === 'accepted' ? result.id : assert.fail(JSON.stringify(result))));
  edit(fleet, annotated(senderPlatform(), { 'relayfleet.io/on-delete': 'drop' }));
  await until('the word is known', () => readFileSync(record, 'utf8').includes('on-delete'));
  assert.equal((await entriesIn(fleet.ready())).length, 2);
  remove(fleet, 'SenderPlatform');
  await until('it is gone', () => !existsSync(record), { withinMs: 90_000 });
  assert.deepEqual(await entriesIn(fleet.ready()), []);
  for (const id of ids) {
    const story = await relayfleetSays(fleet, 'trace', id);
    assert.match(story, /dropped \(5\.7\.1 order\)[^]*settled: 1 dropped after/);
    assert.doesNotMatch(story, /is told "|notice [0-9A-Z]{26}|delivered|bounced/);
    const ends = (await eventsIn(fleet.ready(), id)).flatMap((event) =>
      event.type === 'settled' ? [event.totals] : [],
    );
    assert.deepEqual(ends, [{ delivered: 0, bounced: 0, expired: 0, dropped: 1 }]);
  }
  await fleet.receiver.comeBack();
  assert.equal(fleet.receiver.taken.length, 0, 'neither a mail nor a notice of it went out');
});
