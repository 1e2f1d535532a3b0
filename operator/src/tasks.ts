// Work that a plan asked for and that takes time: keyed, a few at once, each failure retried later and later.
// Every plan hands its whole list over again, and a key no longer listed is dropped. A key that is under way is not begun again
// when it ends, since that wish is older than its result (a key would be made twice): a new plan is asked for instead.
import { createBackoff, type Backoff } from './backoff.ts';

export type TaskResult =
  { readonly ok: true; readonly changed: boolean } | { readonly ok: false; readonly problem: string };
export type Task = { readonly key: string; readonly run: () => Promise<TaskResult> };

export type TaskPool = {
  /** Everything that should be done now. */
  want(tasks: readonly Task[]): void;
  /** Keys that failed at their last attempt, with the problem. */
  failing(): ReadonlyMap<string, string>;
  /** Tasks waiting or under way. */
  depth(): number;
  /** Takes no more; resolves when what is under way has ended. */
  stop(): Promise<void>;
};

export type TaskPoolOptions = {
  readonly concurrency: number;
  readonly random: () => number;
  /** Calls back once after that many milliseconds; returns how to cancel. */
  readonly later: (ms: number, callback: () => void) => () => void;
  /** A key was wanted again while it was under way: only a new plan can tell whether it still is. */
  readonly onSuperseded: () => void;
  /** Told of each end; `seconds` is how long it took. */
  readonly onSettled: (key: string, result: TaskResult, seconds: number) => void;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
};

type Failure = { readonly problem: string; readonly backoff: Backoff; cancel: (() => void) | undefined };

const firstRetryMs = 200;
const longestRetryMs = 30_000;

export function createTaskPool(options: TaskPoolOptions): TaskPool {
  const waiting = new Map<string, Task>();
  const running = new Map<string, Promise<void>>();
  const failures = new Map<string, Failure>();
  let wanted = new Map<string, Task>();
  let stopped = false;

  function pump(): void {
    for (const [key, task] of waiting) {
      if (running.size >= options.concurrency) return;
      if (running.has(key)) continue;
      waiting.delete(key);
      running.set(
        key,
        execute(task).finally(() => settle(key)),
      );
    }
  }

  function settle(key: string): void {
    running.delete(key);
    if (waiting.delete(key)) options.onSuperseded();
    pump();
  }

  async function execute(task: Task): Promise<void> {
    const started = options.monotonic();
    const result = await task.run().catch(asProblem);
    if (result.ok) forget(task.key);
    else delay(task.key, result.problem);
    options.onSettled(task.key, result, (options.monotonic() - started) / 1000);
  }

  function delay(key: string, problem: string): void {
    const backoff =
      failures.get(key)?.backoff ??
      createBackoff({ baseMs: firstRetryMs, maxMs: longestRetryMs, random: options.random });
    const failure: Failure = { problem, backoff, cancel: undefined };
    failures.set(key, failure);
    failure.cancel = options.later(backoff.next(), () => {
      failure.cancel = undefined;
      const task = wanted.get(key);
      if (!task || stopped) return;
      waiting.set(key, task);
      pump();
    });
  }

  function forget(key: string): void {
    failures.get(key)?.cancel?.();
    failures.delete(key);
  }

  return {
    want(tasks) {
      if (stopped) return;
      wanted = new Map(tasks.map((task) => [task.key, task]));
      waiting.clear();
      for (const [key, task] of wanted) if (failures.get(key)?.cancel === undefined) waiting.set(key, task);
      for (const key of failures.keys()) if (!wanted.has(key)) forget(key);
      pump();
    },
    failing: () => new Map([...failures].map(([key, { problem }]) => [key, problem])),
    depth: () => waiting.size + running.size,
    async stop() {
      stopped = true;
      waiting.clear();
      for (const key of failures.keys()) forget(key);
      await Promise.all(running.values());
    },
  };
}

function asProblem(cause: unknown): TaskResult {
  return { ok: false, problem: cause instanceof Error ? cause.message : String(cause) };
}
