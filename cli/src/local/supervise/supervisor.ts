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

type Running = { readonly part: Part; child: ChildProcess | undefined; ready: boolean };
type Run = { readonly how: string; readonly readyForMs: number };

const probeEveryMs = 40;

export function createSupervisor(deps: {
  readonly guard: Guard;
  readonly onEvent: (event: PartEvent) => void;
}): Supervisor {
  const running: Running[] = [];
  const stopping = new AbortController();

  /** Runs the part again and again until the fleet stops. */
  async function keep(entry: Running, onReady: () => void, onHopeless: (error: Error) => void): Promise<void> {
    const { part } = entry;
    let failures = 0;
    let everReady = false;
    while (!stopping.signal.aborted) {
      const run = await runOnce(entry, (event) => {
        deps.onEvent({ ...event, first: !everReady });
        everReady = true;
        onReady();
      });
      if (stopping.signal.aborted) return;
      failures = run.readyForMs > healthyAfterMs ? 1 : failures + 1;
      if (!everReady && failures >= triesBeforeReady) return onHopeless(hopeless(part, run));
      const retryInMs = restartDelay(failures);
      deps.onEvent({ kind: 'ended', part: part.name, how: run.how, retryInMs });
      await sleep(retryInMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function runOnce(entry: Running, onReady: (event: ReadyWithoutFirst) => void): Promise<Run> {
    const { part } = entry;
    const started = performance.now();
    const child = start(part);
    const ended = endOf(child);
    const { pid } = child;
    if (pid === undefined) return { how: await ended, readyForMs: 0 };
    entry.child = child;
    deps.guard.watch(pid);
    let readyAt = Infinity;
    const alive = new AbortController();
    void untilReady(part, alive.signal).then((ready) => {
      if (!ready) return;
      readyAt = performance.now();
      entry.ready = true;
      onReady({ kind: 'ready', part: part.name, pid, ms: Math.round(readyAt - started) });
    });
    const how = await ended;
    alive.abort();
    entry.child = undefined;
    entry.ready = false;
    deps.guard.forget(pid);
    return { how, readyForMs: Math.max(0, performance.now() - readyAt) };
  }

  return {
    launch: async (part, signal) => {
      signal.throwIfAborted();
      const entry: Running = { part, child: undefined, ready: false };
      running.push(entry);
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
        keep(entry, resolve, reject).catch(reject);
      });
    },
    launched: () => running.length,
    readyPids: () =>
      new Map(
        running.flatMap(({ part, child, ready }) => (ready && child?.pid ? [[part.name, child.pid] as const] : [])),
      ),
    stop: async () => {
      stopping.abort();
      const tiers = [...new Set(running.map(({ part }) => part.tier))].toSorted((a, b) => b - a);
      for (const tier of tiers) {
        const same = running.filter(({ part }) => part.tier === tier);
        await Promise.all(same.map(({ part, child }) => child && end(child, part.stopGraceMs)));
      }
    },
    kill: () => {
      stopping.abort();
      for (const { child } of running) child?.kill('SIGKILL');
    },
  };
}

type ReadyWithoutFirst = Omit<Extract<PartEvent, { kind: 'ready' }>, 'first'>;

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
    child.once('error', (error) => resolve(`could not be started (${error.message})`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
    );
  });
}

async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = endOf(child);
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(force);
}
