// Free TCP ports on loopback for tests, so that suites can run side by side. Below the range the kernel takes client ports
// from: a server that is killed and started again finds its port still free.
import { randomInt } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A port nobody listens on at this moment, and that no other test was given lately. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(10_000, 32_000);
    if (isClaimed(port) || !(await isFree(port))) continue;
    if (claim(port)) return port;
  }
  throw new Error('no free port after 100 tries');
}

/** One file a port: a test may use what it was given seconds later, while other processes look for ports. */
const claims = join(tmpdir(), 'relayfleet-test-ports');
const claimMs = 10 * 60_000;

function isClaimed(port: number): boolean {
  const claimed = statSync(join(claims, String(port)), { throwIfNoEntry: false });
  return claimed !== undefined && Date.now() - claimed.mtimeMs < claimMs;
}

function claim(port: number): boolean {
  mkdirSync(claims, { recursive: true });
  const file = join(claims, String(port));
  const isOld = statSync(file, { throwIfNoEntry: false }) !== undefined;
  try {
    writeFileSync(file, '', { flag: isOld ? 'w' : 'wx' });
    return true;
  } catch {
    return false; // somebody else was quicker
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
