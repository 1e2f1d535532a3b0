// The disk of the state directory is full while the manifests are edited: the log says which file and what to do, keys and
// statuses stay whole, the nodes keep what they have, and the edit takes effect as soon as there is room.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { relayDomain, relayFleet, senderPlatform } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';
import { startMachine, usualObjects } from './machine.ts';

test('a full disk loses nothing', { timeout: 120_000 }, async (t) => {
  const disk = smallDisk();
  if (disk === undefined) return t.skip('mounting a small disk (tmpfs) takes root');
  const machine = await startMachine(t, { state: join(disk, 'state') });
  t.after(() => removeDisk(disk)); // hooks run in order: the operator has ended by then
  machine.apply(...usualObjects);
  const operator = await machine.startOperator();
  await operator.untilReady();
  const before = await machine.untilSeen('the platform', ({ snapshot }) => snapshot.platforms.size === 1);
  const keys = join(machine.state, 'secrets/relayfleet-system/default-keys.yaml');
  await machine.acknowledge('node-1');
  await until('the status is written', () => readStatus(machine.state).includes('node-1'));
  const keysBefore = readFileSync(keys, 'utf8');

  const filler = join(disk, 'filler');
  fill(disk, filler);
  machine.apply(relayFleet(), relayDomain({ suspended: true }), senderPlatform());
  await until('the log says so', () => /cannot write [^"]*: no space left on the disk; free some/.test(operator.log()));
  await until('publishing says so, too', () => /generation \d+ cannot be noted/.test(operator.log()));
  assert.equal(readFileSync(keys, 'utf8'), keysBefore);
  assert.match(readStatus(machine.state), /kind: RelayFleet/);
  assert.deepEqual((await machine.seen())?.manifest, before.manifest);
  const readiness = await fetch(`${operator.telemetry}/readyz`);
  assert.match(await readiness.text(), /no space left/);

  rmSync(filler);
  await machine.untilSeen('the edit', ({ snapshot }) => Boolean(snapshot.domains.get('shop.test')?.suspended), 30_000);
  await operator.untilReady();
  assert.equal(operator.exitCode(), undefined);
});

function readStatus(state: string): string {
  return readFileSync(join(state, 'status/RelayFleet/relayfleet-system.default.yaml'), 'utf8');
}

function smallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]).status === 0) return directory;
  rmSync(directory, { recursive: true });
  return undefined;
}

function removeDisk(disk: string): void {
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
}

function fill(disk: string, file: string): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(file, Buffer.alloc(bavail * bsize));
}
