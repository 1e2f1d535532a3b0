// Whatever is wrong with an edit, a sentence names the file or object, the field and the remedy, in the operator's log and in the
// object's status, and the fleet goes on with what was last good: mail is taken and arrives signed while it is broken.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { arrival } from '../harness/arrival.ts';
import { edit } from '../harness/edit.ts';
import { startFleet, type Fleet } from '../harness/fleet.ts';
import { routeTo, usual } from '../harness/manifests.ts';
import { untilCondition } from '../harness/statuses.ts';
import { openSession } from '../harness/submit.ts';
import { until } from '../harness/until.ts';
import { breaks, type Break } from './corpus/broken-manifests.ts';

test('a broken manifest changes nothing', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, { nodes: 1 });
  const login = fleet.login();
  const file = join(fleet.directory, 'manifests', 'broken.yaml');
  for (const { name, edit: change, says, condition } of breaks([
    routeTo({ host: '127.0.0.1', port: fleet.receiver.port }),
  ])) {
    await t.test(name, async () => {
      if (typeof change === 'string') writeFileSync(file, change);
      else edit(fleet, ...change);
      if (condition === undefined)
        await until(`a log line with ${says.join(', ')}`, () => linesWith(fleet, says).length > 0);
      else await told(fleet, condition, says);
      const session = await openSession(fleet.listener(1), login);
      const { result } = await fleet.send({ session });
      session.close();
      const { raw } = await arrival(fleet.receiver, result);
      assert.match(raw.toString('latin1'), /^DKIM-Signature: /);
      writeFileSync(file, '');
      edit(fleet);
      for (const [kind, object] of [
        ['RelayFleet', 'default'],
        ['RelayDomain', 'shop'],
        ['SenderPlatform', usual.platform],
      ] as const)
        await untilCondition(fleet, { kind, name: object }, { type: 'Ready', status: 'True' });
    });
  }
});

async function told(
  fleet: Fleet,
  [kind, type, reason]: NonNullable<Break['condition']>,
  says: readonly RegExp[],
): Promise<void> {
  const name = { RelayFleet: 'default', RelayDomain: 'shop', SenderPlatform: usual.platform }[kind];
  const { message } = await untilCondition(fleet, { kind, name }, { type, status: 'False', reason });
  for (const words of says) assert.match(message, words);
  if (reason === 'InvalidSpec') assert.notEqual(linesWith(fleet, says).length, 0, 'the log says so, too');
}

function linesWith(fleet: Fleet, says: readonly RegExp[]): readonly string[] {
  const lines = readFileSync(join(fleet.directory, 'state', 'logs', 'operator.log'), 'utf8').split('\n');
  return lines.filter((line) => says.every((words) => words.test(line)));
}
