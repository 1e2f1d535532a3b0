// kill -9 of the operator in the middle of publishing an edit: before a shard is stored, before the manifest, and after it. In between
// nodes find a configuration they can use, the one before or the one after; the next operator ends with the edit in the bucket and with
// statuses that say so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketSubject, buckets, configKeys } from '@relayfleet/contract/subjects.ts';
import { relayDomain, relayFleet, senderPlatform } from '../harness/manifests.ts';
import { startTripwire, type Moment, type Write } from '../harness/nats-tripwire.ts';
import { until } from '../harness/until.ts';
import { startMachine, usualObjects } from './machine.ts';
import { statusOf } from './status-files.ts';

const shard = ({ subject }: Write) => subject.startsWith(bucketSubject(buckets.config, 'shard.'));
const manifest = ({ subject }: Write) => subject === bucketSubject(buckets.config, configKeys.manifest);
const moments: readonly (readonly [name: string, moment: Moment])[] = [
  ['before the first shard', { when: 'before', write: shard }],
  ['after a shard', { when: 'after', write: shard }],
  ['before the manifest', { when: 'before', write: manifest }],
  ['after the manifest', { when: 'after', write: manifest }],
];

test('an operator killed at any write of an edit recovers', { timeout: 240_000 }, async (t) => {
  const machine = await startMachine(t);
  const tripwire = await startTripwire(t, { port: Number(new URL(machine.nats.url).port) });
  const start = () => machine.startOperator({ RELAYFLEET_NATS_URL: tripwire.url });
  machine.apply(...usualObjects);
  let operator = await start();
  await operator.untilReady();
  let before = await machine.untilSeen('the platform', ({ snapshot }) => snapshot.platforms.size === 1);
  const isProgrammed = (generation: number): boolean => {
    const { conditions, config } = statusOf(machine, 'RelayFleet', 'default');
    const programmed = conditions?.find(({ type }) => type === 'Programmed');
    return programmed?.status === 'True' && (config as { generation?: number }).generation === generation;
  };

  for (const [count, [name, moment]] of moments.entries())
    await t.test(name, async () => {
      const maxRecipients = count + 1;
      const isEdited = ({ snapshot }: typeof before) => snapshot.fleet.limits.maxRecipients === maxRecipients;
      const killed = tripwire.arm(moment, () => {
        process.kill(operator.pid, 'SIGKILL');
        return 'stop';
      });
      machine.apply(relayFleet({ limits: { maxRecipients } }), relayDomain(), senderPlatform());
      await killed;
      const between = await machine.untilSeen('something a node can use', () => true);
      assert.ok(isEdited(between) || between.manifest.generation === before.manifest.generation);

      operator = await start();
      const after = await machine.untilSeen('the edit', isEdited, 30_000);
      await operator.untilReady();
      const steps = after.manifest.generation - before.manifest.generation;
      assert.ok(steps >= 1 && steps <= 2, `${steps} generations`); // one may have been noted and given to nobody
      await machine.acknowledge('node-1');
      await until('Programmed', () => isProgrammed(after.manifest.generation), { withinMs: 20_000 });
      before = after;
    });
});
