// Keeps the parts of a local fleet running: starts them, waits until each is of use, restarts with back-off what dies,
// stops them in the reverse order. Parts run in their own process groups, so that Ctrl-C reaches only the supervisor, and
// write their logs themselves, so that a busy part costs the supervisor nothing.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guard } from './guard.ts';
import { lastLines } from './log-tail.ts';
import type { Part, PartEvent } from './part.ts';
import { healthyAfterMs, restartDelay, triesBeforeReady } from './restart-delay.ts';

export type Supervisor = {
  /** Resolves when the part is of use for the first time; rejects when it never gets there, or `signal` aborts before. */
  launch(part: Part, signal: AbortSignal): Promise<void>;
  /** How many parts there should be. */
  launched(): number;
  /** Process ids of the parts that are of use now, in the order of their launch. */
  readyPids(): ReadonlyMap<string, number>;
  /** Ends all parts, the highest tier first, each given its grace. */
  stop(): Promise<void>;
  /** Ends all parts at once. */
  kill(): void;
};

type Entry = { readonly part: Part; child: ChildProcess | undefined; ready: boolean };
type Context = {
  readonly guard: Guard;
  readonly onEvent: (event: PartEvent) => void;
  /** Aborted once the fleet is to end: nothing is started any more. */
  readonly stopping: AbortSignal;
};
type Run = { readonly how: string; readonly readyForMs: number };

const probeEveryMs = 40;

export function createSupervisor(deps: Pick<Context, 'guard' | 'onEvent'>): Supervisor {
  const entries: Entry[] = [];
  const stopping = new AbortController();
  return {
    launch: async (part, signal) => {
      signal.throwIfAborted();
      const entry: Entry = { part, child: undefined, ready: false };
      entries.push(entry);
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
        keep(entry, { ...deps, stopping: stopping.signal }, resolve).then(
          (problem) => problem && reject(problem),
          reject,
        );
      });
    },
    launched: () => entries.length,
    readyPids: () =>
      new Map(
        entries.flatMap(({ part, child, ready }) => (ready && child?.pid ? [[part.name, child.pid] as const] : [])),
      ),
    stop: async () => {
      stopping.abort();
      const tiers = [...new Set(entries.map(({ part }) => part.tier))].toSorted((a, b) => b - a);
      for (const tier of tiers) {
        const same = entries.filter(({ part }) => part.tier === tier);
        await Promise.all(same.map(async ({ part, child }) => child && end(child, part.stopGraceMs)));
      }
    },
    kill: () => {
      stopping.abort();
      for (const { child } of entries) child?.kill('SIGKILL');
    },
  };
}

/** Runs the part again and again until the fleet stops. Ends early, with the problem, when the part never gets ready. */
async function keep(entry: Entry, context: Context, onReady: () => void): Promise<Error | undefined> {
  const { part } = entry;
  let failures = 0;
  let everReady = false;
  while (!context.stopping.aborted) {
    const run = await runOnce(entry, context, (pid, ms) => {
      context.onEvent({ kind: 'ready', part: part.name, pid, ms, first: !everReady });
      everReady = true;
      onReady();
    });
    if (context.stopping.aborted) return undefined;
    failures = run.readyForMs > healthyAfterMs ? 1 : failures + 1;
    if (!everReady && failures >= triesBeforeReady) return hopeless(part, run);
    const retryInMs = restartDelay(failures);
    context.onEvent({ kind: 'ended', part: part.name, how: run.how, retryInMs });
    await sleep(retryInMs, undefined, { signal: context.stopping }).catch(() => undefined);
  }
  return undefined;
}

async function runOnce(entry: Entry, { guard }: Context, onReady: (pid: number, ms: number) => void): Promise<Run> {
  const { part } = entry;
  const started = performance.now();
  let child: ChildProcess;
  try {
    child = start(part);
  } catch (error) {
    return { how: notStarted(error), readyForMs: 0 }; // no room for its log, no process left: tried again like any end
  }
  const ended = endOf(child);
  const { pid } = child;
  if (pid === undefined) return { how: await ended, readyForMs: 0 };
  entry.child = child;
  guard.watch(pid);
  let readyAt = Infinity;
  const alive = new AbortController();
  void untilReady(part, alive.signal).then((ready) => {
    if (!ready) return;
    readyAt = performance.now();
    entry.ready = true;
    onReady(pid, Math.round(readyAt - started));
  });
  const how = await ended;
  alive.abort();
  entry.child = undefined;
  entry.ready = false;
  guard.forget(pid);
  return { how, readyForMs: Math.max(0, performance.now() - readyAt) };
}

function start({ command, args, env, logFile }: Part): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(command, args, { detached: true, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  } finally {
    closeSync(log); // the child has its own
  }
}

function hopeless({ name, logFile }: Part, { how }: Run): Error {
  const words = lastLines(logFile, 8).map((line) => `\n    ${line}`);
  return new Error(
    `${name} does not start: it ${how}, ${triesBeforeReady} times. The end of ${logFile}:${words.join('')}`,
  );
}

async function untilReady(part: Part, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await part.probe()) return !signal.aborted;
    await sleep(probeEveryMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(notStarted(error)));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
    );
  });
}

function notStarted(error: unknown): string {
  return `could not be started (${error instanceof Error ? error.message : String(error)})`;
}

async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = endOf(child);
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(force);
}
