// One process at a time per lock file, across unrelated processes. A holder that died without a word is noticed: its
// process is gone, or its heartbeat (the file's time) has stopped. Two waiters may both take over one dead lock; what
// is done under these locks ends in an atomic rename, so the worst case is work done twice.

import { randomUUID } from 'node:crypto';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

export type LockOptions = {
  /** Called about every 10 s while another process holds the lock, with its process id if that is known. */
  readonly waiting: (holder: number | undefined, seconds: number) => void;
  readonly signal?: AbortSignal | undefined;
};

export type Holder = { readonly pid: number; readonly host: string; readonly id: string };

const heartbeatMs = 5_000;
const silenceMs = 30_000;
const pollMs = 250;

/** Runs `work` while holding the lock file `path`; its folder must exist. */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions): Promise<T> {
  const self: Holder = { pid: process.pid, host: hostname(), id: randomUUID() };
  await acquire(path, self, options);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {}); // The lock was taken over: nothing to keep alive.
  }, heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await readHolder(path))?.id === self.id) await rm(path, { force: true });
  }
}

/** Is the holder gone? `silentMs` is the time since its last heartbeat; `alive` asks this host about a process. */
export function isAbandoned(
  holder: Holder | undefined,
  silentMs: number,
  here: { readonly host: string; readonly alive: (pid: number) => boolean },
): boolean {
  if (silentMs > silenceMs) return true;
  return holder !== undefined && holder.host === here.host && !here.alive(holder.pid);
}

async function acquire(path: string, self: Holder, { waiting, signal }: LockOptions): Promise<void> {
  const started = performance.now();
  let nextWord = 1_000;
  while (!(await create(path, self))) {
    const holder = await readHolder(path);
    if (isAbandoned(holder, await silence(path), { host: self.host, alive: isAlive })) {
      await rm(path, { force: true });
      continue;
    }
    const waited = performance.now() - started;
    if (waited >= nextWord) {
      waiting(holder?.pid, Math.round(waited / 1000));
      nextWord = waited + 10_000;
    }
    await delay(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** False when the file is there already. */
async function create(path: string, self: Holder): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(JSON.stringify(self));
    await file.close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined while the holder is still writing, or when the lock has just gone. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isHolder(value) ? value : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, id } = value as Partial<Record<keyof Holder, unknown>>;
  return typeof pid === 'number' && typeof host === 'string' && typeof id === 'string';
}

async function silence(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH'; // EPERM: it lives, as another user.
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
