// An order to drop: what matches ends without another attempt and is recorded so; its sender hears of it with --bounce and only then.
// What does not match waits on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayfleetSays } from '../harness/command-line.ts';
import { startFleet, type Fleet } from '../harness/fleet.ts';
import { usual } from '../harness/manifests.ts';
import { entriesIn, eventsIn, untilQueueIsEmpty } from '../harness/queue-view.ts';
import { readReport } from '../harness/report.ts';
import { until } from '../harness/until.ts';

test('dropped mail ends in silence or with a bounce', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '10m' });
  const { script, taken, asked } = fleet.receiver;
  script.rcpt = (address) => (address === usual.to ? '451 4.2.0 later' : undefined);
  const [silent, told] = [await deferredMail(fleet), await deferredMail(fleet)];
  const before = asked.get(usual.to);

  const dry = await relayfleetSays(fleet, 'queue', 'drop', '--id', silent, '--dry-run');
  assert.match(dry, /1 entry: 1 deferred[^]*Nothing was changed/);
  assert.equal((await entriesIn(fleet.ready())).length, 2);

  assert.match(await relayfleetSays(fleet, 'queue', 'drop', '--id', silent, '--yes'), /Nothing is left of it/);
  assert.deepEqual(
    (await entriesIn(fleet.ready())).map(({ key }) => key.id),
    [told],
    'the other mail waits on',
  );
  assert.deepEqual(await ends(fleet, silent), { delivered: 0, bounced: 0, expired: 0, dropped: 1 });
  assert.match(await relayfleetSays(fleet, 'trace', silent), /dropped \(5\.\d\.\d order\)[^]*settled: 1 dropped/);

  await relayfleetSays(fleet, 'queue', 'drop', '--platform', 'shop/orders', '--bounce', '--yes');
  const bounce = await until('a bounce', () => taken.find(({ from }) => from === ''));
  await untilQueueIsEmpty(fleet.ready);
  assert.deepEqual(await ends(fleet, told), { delivered: 0, bounced: 1, expired: 0, dropped: 0 });
  assert.deepEqual(bounce.to, [usual.from]);
  assert.equal(readReport(bounce.raw).recipients[0]?.['action'], 'failed');
  assert.equal(taken.length, 1, 'of the first nobody is told');
  assert.equal(asked.get(usual.to), before, 'neither was tried again');
});

async function deferredMail(fleet: Fleet): Promise<string> {
  const { result } = await fleet.send();
  if (result.kind !== 'accepted') throw new Error(JSON.stringify(result));
  await until('it is deferred', async () =>
    (await entriesIn(fleet.ready())).some(({ state, key }) => state === 'deferred' && key.id === result.id),
  );
  return result.id;
}

async function ends(fleet: Fleet, id: string): Promise<object | undefined> {
  return (await eventsIn(fleet.ready(), id)).find((event) => event.type === 'settled')?.totals;
}
