// One supervisor per state directory: two nats-servers on one store would destroy it. The lock is a file with the ids of
// the supervisor, its guard and the parts; it counts only while one of them lives, so a crash, a kill or a power cut leaves
// nothing to clean up by hand.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export type Lock =
  | {
      readonly taken: true;
      /** Process ids of the parts, by name. */
      note(parts: ReadonlyMap<string, number>): void;
      release(): void;
    }
  | { readonly taken: false; readonly problem: string };

type Holder = {
  readonly supervisor: number;
  readonly guard?: number;
  readonly parts?: Readonly<Record<string, number>>;
  /** Epoch milliseconds. */
  readonly at: number;
};

const guardPatienceMs = 15_000;

/** Waits for the guard of a killed run to finish cleaning up; `onWait` is told once. */
export async function takeLock(file: string, guard: number | undefined, onWait: () => void): Promise<Lock> {
  const holder = readHolder(file);
  if (holder !== undefined) {
    if (isAlive(holder.supervisor)) return { taken: false, problem: inUse(holder.supervisor, file) };
    if (isAlive(holder.guard)) {
      onWait();
      for (let waited = 0; waited < guardPatienceMs && isAlive(holder.guard); waited += 100) await sleep(100);
    }
    const left = Object.entries(holder.parts ?? {}).filter(([, pid]) => isAlive(pid));
    if (left.length > 0) return { taken: false, problem: leftOver(left, file) };
  }
  const own = { supervisor: process.pid, ...(guard === undefined ? {} : { guard }), at: Date.now() };
  rmSync(file, { force: true }); // nobody's any more
  try {
    writeFileSync(file, JSON.stringify(own), { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const quicker = readHolder(file);
    if (quicker === undefined) throw new Error(`${file} cannot be written`, { cause });
    return { taken: false, problem: inUse(quicker.supervisor, file) };
  }
  return {
    taken: true,
    note: (parts) => {
      try {
        writeFileSync(`${file}.tmp`, JSON.stringify({ ...own, parts: Object.fromEntries(parts) }), { mode: 0o600 });
        renameSync(`${file}.tmp`, file);
      } catch {
        // A full disk: the lock holds without it.
      }
    },
    release: () => rmSync(file, { force: true }),
  };
}

function inUse(pid: number, file: string): string {
  return `another "relayfleet local" (process ${pid}) uses this state; stop it, or give this one its own with --state-dir DIR (lock file ${file})`;
}

function leftOver(parts: readonly (readonly [string, number])[], file: string): string {
  const names = parts.map(([name, pid]) => `${name} (process ${pid})`).join(', ');
  return `parts of a killed run still run: ${names}; end them with: kill ${parts.map(([, pid]) => pid).join(' ')} (lock file ${file})`;
}

/** Undefined where there is none, it was half-written, or the machine was started since: its process ids mean nothing now. */
function readHolder(file: string): Holder | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder> | null;
    const started = Date.now() - uptime() * 1000;
    const isHolder = typeof value?.supervisor === 'number' && typeof value.at === 'number' && value.at > started;
    return isHolder ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined || pid === process.pid) return false; // small ids come again in a container
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
