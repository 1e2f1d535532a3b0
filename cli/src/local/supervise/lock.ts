// One supervisor per state directory: two nats-servers on one store would destroy it. The lock is a file with the ids of
// the supervisor and its guard; it counts only while one of them lives, so a crash leaves nothing to clean up by hand.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export type Lock = { readonly taken: true; release(): void } | { readonly taken: false; readonly problem: string };

type Holder = { readonly supervisor: number; readonly guard: number | undefined };

const guardPatienceMs = 15_000;

/** Waits for the guard of a killed run to finish cleaning up; `onWait` is told once. */
export async function takeLock(file: string, guardPid: number | undefined, onWait: () => void): Promise<Lock> {
  const holder = readHolder(file);
  if (holder !== undefined && isAlive(holder.supervisor)) {
    const problem = `another "relayfleet local" (process ${holder.supervisor}) uses this state; stop it, or give this one its own with --state DIR`;
    return { taken: false, problem: `${problem} (lock file ${file})` };
  }
  if (holder?.guard !== undefined && isAlive(holder.guard)) {
    onWait();
    const deadline = Date.now() + guardPatienceMs;
    while (isAlive(holder.guard) && Date.now() < deadline) await sleep(100);
    if (isAlive(holder.guard))
      return {
        taken: false,
        problem: `the previous run is still being stopped (process ${holder.guard}); try again, or remove ${file}`,
      };
  }
  writeFileSync(file, JSON.stringify({ supervisor: process.pid, guard: guardPid }), { mode: 0o600 });
  return { taken: true, release: () => rmSync(file, { force: true }) };
}

function readHolder(file: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null || !('supervisor' in value)) return undefined;
    const guard = 'guard' in value && typeof value.guard === 'number' ? value.guard : undefined;
    return typeof value.supervisor === 'number' ? { supervisor: value.supervisor, guard } : undefined;
  } catch {
    return undefined; // none, or half-written by a run that died: nobody holds it
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false; // containers reuse small ids: our own id in an old file is not another run
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
