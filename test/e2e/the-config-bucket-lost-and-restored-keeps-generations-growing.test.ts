// The bucket is a copy. Losing it stops no mail, and restoring an old backup of it brings nothing back that was withdrawn: nodes
// refuse the older generation, and the operator goes on above the highest it ever used.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bucketStream, buckets } from '@relayfleet/contract/subjects.ts';
import { openConfigPublisher } from '@relayfleet/jetstream/config-bucket.ts';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { edit } from '../harness/edit.ts';
import { startFleet, type Fleet } from '../harness/fleet.ts';
import { everyLogin } from '../harness/logins.ts';
import { senderPlatform } from '../harness/manifests.ts';
import { untilCondition } from '../harness/statuses.ts';
import { openSession } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

const theFleet = { kind: 'RelayFleet', name: 'default' } as const;

test('the config bucket lost and restored keeps generations growing', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t);
  const bucket = await openBucket(fleet);
  t.after(bucket.close);
  const login = fleet.login();
  const programmed = () => untilCondition(fleet, theFleet, { type: 'Programmed', status: 'True' }, 120_000);
  const advancedBeyond = (generation: number) =>
    until(
      `a generation beyond ${generation}`,
      async () => {
        const now = await bucket.generation();
        return now !== undefined && now > generation ? now : undefined;
      },
      { withinMs: 120_000 },
    );
  const first = (await bucket.generation()) ?? 0;
  assert.ok(first >= 1);

  await bucket.lose();
  await until('mail goes on without the bucket', async () => (await fleet.send()).result.kind === 'accepted');
  const second = await advancedBeyond(first);
  await programmed();

  const backup = join(fleet.directory, 'backup');
  await bucket.backUp(backup);
  edit(fleet, senderPlatform({ suspended: true }));
  await everyLogin(fleet, login, 525);
  const third = await advancedBeyond(second);

  fleet.kill('operator', 'SIGSTOP');
  bucket.restore(backup);
  await until('the backup is in force', async () => (await bucket.generation()) === second);
  await until('the nodes refuse the backup', () =>
    [1, 2].every((node) => logOf(fleet, node).includes('OlderGeneration')),
  );
  await everyLogin(fleet, login, 525);
  const former = fleet.kill('operator', 'SIGKILL');
  await fleet.restarted('operator', former);
  const fourth = await advancedBeyond(third);
  await programmed();
  await everyLogin(fleet, login, 525);

  edit(fleet);
  await advancedBeyond(fourth);
  await everyLogin(fleet, login, 235);
  const session = await openSession(fleet.listener(2), login);
  assert.equal((await fleet.send({ session })).result.kind, 'accepted');
  session.close();
  await fleet.allArrived();
});

function logOf(fleet: Fleet, node: number): string {
  return readFileSync(join(fleet.directory, 'state', 'logs', `node-${node}.log`), 'utf8');
}

/** The bucket's manifest through the operator's NATS user, and its files as an administrator could lose and restore them. */
async function openBucket(fleet: Fleet) {
  const site = join(fleet.directory, 'state', 'nats');
  const users = JSON.parse(readFileSync(join(site, 'users.json'), 'utf8'));
  const nats = await connectNats({ url: fleet.ready().nats.url, ...users.operator, role: 'operator', name: 'test' });
  const publisher = openConfigPublisher(nats);
  const files = join(site, 'store', 'jetstream', '$G', 'streams', bucketStream(buckets.config));
  const whileFrozen = (act: () => void) => {
    fleet.kill('nats-server', 'SIGSTOP');
    act();
    return fleet.kill('nats-server', 'SIGKILL');
  };
  return {
    /** Undefined while there is no manifest. */
    generation: async (): Promise<number | undefined> => {
      const stored = await publisher.readManifest().catch(() => undefined);
      const text = Buffer.from(stored?.bytes ?? '').toString();
      return stored && JSON.parse(text.slice(text.indexOf('\n') + 1)).generation;
    },
    lose: async () =>
      fleet.restarted(
        'nats-server',
        whileFrozen(() => rmSync(files, { recursive: true })),
      ),
    backUp: async (to: string) => {
      const former = whileFrozen(() => cpSync(files, to, { recursive: true }));
      await fleet.restarted('nats-server', former);
    },
    restore: (from: string) => {
      whileFrozen(() => {
        rmSync(files, { recursive: true });
        cpSync(from, files, { recursive: true });
      });
    },
    close: () => nats.close(),
  };
}
