// A nats-server too old for us, as a real distribution ships it: Debian's package, unpacked into the cache and never installed.
// Where there is no Debian, or Debian's own has become new enough, there is none, and the reason is told.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isAtLeast, minimumServerVersion } from '@relayfleet/jetstream/check-server.ts';

const run = promisify(execFile);

export type OldNats =
  | { readonly found: true; readonly binary: string; readonly version: string }
  | { readonly found: false; readonly reason: string };

/** Downloads the package once (3 MB) and says so; later calls find it in the cache. */
export async function findOldNats(announce: (line: string) => void): Promise<OldNats> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'relayfleet', 'old-nats-server');
  const binary = join(cache, 'usr', 'sbin', 'nats-server');
  try {
    return judge(binary, await versionOf(binary));
  } catch {
    announce(`downloading Debian's nats-server package into ${cache}`);
  }
  try {
    await unpackPackage(cache);
    return judge(binary, await versionOf(binary));
  } catch (error) {
    return { found: false, reason: `Debian's nats-server package cannot be had: ${String(error).split('\n')[0]}` };
  }
}

function judge(binary: string, version: string): OldNats {
  return isAtLeast(version, minimumServerVersion)
    ? { found: false, reason: `Debian's nats-server is ${version}, which is new enough` }
    : { found: true, binary, version };
}

async function versionOf(binary: string): Promise<string> {
  const { stdout } = await run(binary, ['--version']);
  return /v(\d\S*)/.exec(stdout)?.[1] ?? 'unknown';
}

async function unpackPackage(cache: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'relayfleet-old-nats-'));
  try {
    await run('apt-get', ['download', 'nats-server'], { cwd: work });
    const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download left no package');
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache, { recursive: true });
    await run('dpkg-deb', ['--extract', join(work, archive), cache]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
