// A state directory that is of no use ends `relayfleet local` at once, with path, reason and remedy, before anything is started.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { mountSmallDisk } from '../harness/small-disk.ts';
import { home } from './local-run.ts';

const nobody = 65_534;

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-state-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** What it says on the way out. */
function refusal(state: string): string {
  const args = [join(home, 'cli/src/main.ts'), 'local', '--state-dir', state];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
  assert.deepEqual([status, signal], [1, null], `${stdout}${stderr}`);
  assert.equal(stdout, '', 'nothing was begun');
  assert.match(stderr, /--state-dir DIR\n$/);
  assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
  return stderr;
}

test('below /proc', () => {
  assert.match(
    refusal('/proc/x'),
    /the state directory \/proc\/x cannot be used: \/proc\/x: no directory can be made there/,
  );
  assert.match(refusal('/proc/x/y/z'), /: \/proc\/x: no directory can be made there/);
});

test('a file where the directory should be, or above it, or within it', (t) => {
  const directory = scratch(t);
  const file = join(directory, 'file');
  writeFileSync(file, '');
  assert.ok(refusal(file).includes(`${file} is not a directory; move it away`));
  assert.ok(refusal(join(file, 'state')).includes(`${file} is not a directory; move it away`));
  mkdirSync(join(directory, 'state'));
  writeFileSync(join(directory, 'state/logs'), '');
  assert.ok(refusal(join(directory, 'state')).includes(`state/logs is not a directory; move it away`));
});

test('a link to nothing', (t) => {
  const link = join(scratch(t), 'link');
  symlinkSync('nowhere', link);
  assert.ok(refusal(link).includes(`${link}: it is a link to nothing; take it away`));
});

test('a directory one may not write to', (t) => {
  const directory = scratch(t);
  chmodSync(directory, 0o500);
  const program = `if (process.getuid() === 0) process.setuid(${nobody}); // root may write anywhere
    const { makeRoom } = await import('${join(home, 'cli/src/local/state-room.ts')}');
    const { stateDirectory } = await import('${join(home, 'cli/src/state-directory.ts')}');
    console.log(makeRoom(stateDirectory('${join(directory, 'state')}')));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.match(stdout, /cannot be used: .*: permission denied; give yourself access to it, or name another/, stderr);
});

test('a full disk', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-disk-'));
  const disk = mountSmallDisk(directory, '64k');
  if (disk === undefined) return t.skip('a tmpfs takes root to mount');
  t.after(() => disk.remove());
  assert.match(
    refusal(join(directory, 'state')),
    /is full: 64 KB are free, 32768 KB are the least a start takes; free some/,
  );
  assert.deepEqual(readdirSync(join(directory, 'state/nats')), []);
});
