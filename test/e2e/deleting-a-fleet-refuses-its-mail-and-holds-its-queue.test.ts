// Whoever deletes a RelayFleet has taken the permission away: within seconds no node takes mail, open sessions included, and
// what is queued is held, not lost. Applied again, the fleet goes on where it was: the held mail arrives, once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { edit, remove } from '../harness/edit.ts';
import { startFleet, type Fleet } from '../harness/fleet.ts';
import { usual } from '../harness/manifests.ts';
import { entriesIn } from '../harness/queue-view.ts';
import { untilCondition } from '../harness/statuses.ts';
import { openSession } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

const refusal = '451 4.3.2 Not accepting mail at the moment';
const platform = { kind: 'SenderPlatform', name: usual.platform } as const;
const domain = { kind: 'RelayDomain', name: 'shop' } as const;

test('deleting a fleet refuses its mail and holds its queue', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '1s' });
  const sessions = await Promise.all([1, 2].map((node) => openSession(fleet.listener(node), fleet.login())));
  const mailFrom = () => Promise.all(sessions.map((session) => session.command(`MAIL FROM:<${usual.from}>`)));
  await fleet.receiver.goAway();
  await Promise.all([1, 2].map((node) => fleet.send({ node })));
  assert.equal(fleet.ledger.verdict().lost.length, 2, 'both are queued');

  remove(fleet, 'RelayFleet');
  await until('every node refuses', async () => {
    const answers = await mailFrom();
    await Promise.all(sessions.map((session) => session.command('RSET')));
    return answers.every(({ text }) => text.startsWith(refusal));
  });
  const told = await untilCondition(fleet, domain, { type: 'Programmed', status: 'False', reason: 'NotAttached' });
  assert.match(told.message, /FleetNotFound/);
  await untilCondition(fleet, platform, { type: 'Programmed', status: 'False' });
  await until('the operator says how it ended', () => linesIn(fleet, 'operator', 'fleet withdrawn: every ready node'));
  await fleet.receiver.comeBack();
  await until(
    'both are held',
    () => linesIn(fleet, 'node-1', 'held back') + linesIn(fleet, 'node-2', 'held back') >= 2,
  );
  assert.equal((await entriesIn(fleet.ready())).length, 2, 'nothing queued is lost');
  assert.equal(fleet.receiver.taken.length, 0, 'and nothing is sent');

  edit(fleet);
  await untilCondition(fleet, platform, { type: 'Ready', status: 'True' });
  for (const session of sessions) {
    const { result } = await fleet.send({ session });
    assert.equal(result.kind, 'accepted', JSON.stringify(result));
  }
  await fleet.allArrived(150_000); // held mail is looked at again within two minutes
  assert.deepEqual(fleet.ledger.verdict().duplicates, []);
  for (const session of sessions) session.close();
});

function linesIn({ directory }: Fleet, part: string, message: string): number {
  return readFileSync(join(directory, 'state', 'logs', `${part}.log`), 'utf8').split(`"msg":"${message}`).length - 1;
}
