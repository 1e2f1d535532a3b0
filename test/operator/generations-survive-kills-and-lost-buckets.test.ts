// The generation of a fleet's configuration never goes back and is never used twice: not when the operator is killed at any moment,
// not when its state or the bucket is lost, or both. A restart without an edit gives out none.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bucketStream, bucketSubject, buckets, configKeys } from '@relayfleet/contract/subjects.ts';
import { jetstreamManager } from '@nats-io/jetstream';
import { relayDomain, relayFleet, senderPlatform } from '../harness/manifests.ts';
import { startMachine, usualObjects, type Machine } from './machine.ts';

/** An edit that shows in the snapshot. */
function edit(machine: Machine, count: number): void {
  machine.apply(relayFleet({ limits: { maxRecipients: count } }), relayDomain(), senderPlatform());
}

function untilEdit(machine: Machine, count: number) {
  return machine.untilSeen(`edit ${count}`, ({ snapshot }) => snapshot.fleet.limits.maxRecipients === count, 30_000);
}

test('an operator killed again and again while the manifests change', { timeout: 240_000 }, async (t) => {
  const machine = await startMachine(t);
  machine.apply(...usualObjects);
  let operator = await machine.startOperator();
  const first = await machine.untilSeen('the platform', ({ snapshot }) => snapshot.platforms.size === 1);
  await operator.stop('SIGKILL');
  operator = await machine.startOperator();
  await operator.untilReady();
  edit(machine, 1);
  let highest = (await untilEdit(machine, 1)).manifest.generation;
  assert.ok(highest > first.manifest.generation);

  for (let count = 2; count < 8; count++) {
    edit(machine, count);
    await machine.untilSeen('time to pass', () => true);
    await operator.stop('SIGKILL'); // wherever it is: before, while or after it publishes
    operator = await machine.startOperator();
    const { manifest } = await untilEdit(machine, count);
    assert.ok(
      manifest.generation > highest && manifest.generation <= highest + 2,
      `${highest} -> ${manifest.generation}`,
    );
    highest = manifest.generation;
  }

  await operator.untilReady();
  await operator.stop('SIGKILL');
  const again = await machine.startOperator();
  await again.untilReady();
  edit(machine, 9);
  assert.equal((await untilEdit(machine, 9)).manifest.generation, highest + 1, 'the restart alone gave out none');
});

test('buckets and manifests that vanish are made anew above what was', { timeout: 420_000 }, async (t) => {
  const machine = await startMachine(t);
  machine.apply(...usualObjects);
  const operator = await machine.startOperator();
  edit(machine, 1);
  let { manifest } = await untilEdit(machine, 1);
  const beyond = async (what: string) => {
    const { generation } = manifest;
    ({ manifest } = await machine
      .untilSeen(what, (seen) => seen.manifest.generation > generation, 120_000)
      .catch((cause: unknown) => Promise.reject(new Error(`${what}\n${operator.log()}`, { cause }))));
  };

  await loseBucket(machine);
  await beyond('the bucket is made anew');
  const { streams } = await jetstreamManager((await machine.nats.connect('operator')).nc);
  await streams.purge(bucketStream(buckets.config), { filter: bucketSubject(buckets.config, configKeys.manifest) });
  await beyond('the manifest is put again');
  await streams.purge(bucketStream(buckets.config), { filter: bucketSubject(buckets.config, 'shard.>') });
  await machine.untilSeen('the shards are put again', () => true, 120_000);

  await machine.acknowledge('node-1');
  await operator.stop('SIGKILL');
  await loseBucket(machine);
  rmSync(machine.state, { recursive: true });
  const fresh = await machine.startOperator();
  await fresh.untilReady();
  await beyond('only a node remembers');
});

/** As a disk that is replaced: the stream is not there when the server comes back. */
async function loseBucket({ nats }: Machine): Promise<void> {
  await nats.kill9();
  const files = join(nats.dir, 'store/jetstream/$G/streams', bucketStream(buckets.config));
  rmSync(files, { recursive: true });
  await nats.restart();
}
