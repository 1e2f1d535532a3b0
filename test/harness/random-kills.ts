// What befalls the processes of a fleet in a random run: kills, orderly stops and pauses of nodes, nats-server and operator, one
// after the other and over one another. Everything is drawn; what really happened, and when, is kept.
import { setTimeout as delay } from 'node:timers/promises';
import type { Draw } from './draw.ts';
import type { Parts } from './fleet.ts';

export type Blow = {
  readonly at: number;
  /** `machine`: all of them, by a machine that stood still; nobody drew that, and it may happen. */
  readonly part: string;
  readonly how: 'killed' | 'stopped' | 'paused';
  /** Of a pause. */
  readonly forMs?: number;
};

export type RandomKills = {
  readonly blows: readonly Blow[];
  /** No further blows; whoever is paused goes on. */
  end(): Promise<void>;
  /** Nor is the machine watched any more. */
  stopWatching(): void;
};

export type RandomKillsOptions = {
  /** How many there are. */
  readonly nodes: number;
  /** For so long from the start nats-server is left alone: what comes twice then has a node for its cause, or none. */
  readonly natsCalmMs: number;
};

type Drawn = { readonly kind: 'node' | 'nats-server' | 'operator'; readonly how: Blow['how'] };

/** How often one against the other. */
const plan = [
  [40, 'node', 'killed'],
  [10, 'node', 'stopped'],
  [15, 'node', 'paused'],
  [12, 'nats-server', 'killed'],
  [4, 'nats-server', 'stopped'],
  [8, 'nats-server', 'paused'],
  [8, 'operator', 'killed'],
  [3, 'operator', 'paused'],
] as const;

const signals = { killed: 'SIGKILL', stopped: 'SIGTERM', paused: 'SIGSTOP' } as const;
/** A few last longer than an entry waits for its node. */
const pauseMs = { shortest: 500, longest: 40_000 };
const betweenMs = { shortest: 500, longest: 7_000 };

export function startRandomKills(
  draw: Draw,
  fleet: Pick<Parts, 'pid' | 'kill'>,
  { nodes, natsCalmMs }: RandomKillsOptions,
): RandomKills {
  const calmUntil = Date.now() + natsCalmMs;
  const blows: Blow[] = [];
  const over = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => undefined);
  const paused = new Map<string, Promise<void>>();

  const strike = (): void => {
    const { kind, how } = drawBlow(draw, Date.now() < calmUntil);
    const part = kind === 'node' ? `node-${draw.int(1, nodes)}` : kind;
    const forMs = draw.scaled(pauseMs.shortest, pauseMs.longest);
    if (paused.has(part) || !isThere(fleet, part)) return; // still down, or not up again
    fleet.kill(part, signals[how]);
    blows.push({ at: Date.now(), part, how, ...(how === 'paused' ? { forMs } : {}) });
    if (how === 'paused') paused.set(part, resume(part, fleet.pid(part), pause(forMs)));
  };
  const resume = async (part: string, pid: number, time: Promise<unknown>): Promise<void> => {
    await time;
    process.kill(pid, 'SIGCONT');
    paused.delete(part);
  };
  const run = async () => {
    for (;;) {
      await pause(draw.scaled(betweenMs.shortest, betweenMs.longest));
      if (over.signal.aborted) return;
      strike();
    }
  };
  const running = run();
  const stopWatching = watchForStandstill((at, forMs) => blows.push({ at, part: 'machine', how: 'paused', forMs }));
  return {
    blows,
    end: async () => {
      over.abort();
      await running;
      await Promise.all(paused.values());
    },
    stopWatching,
  };
}

/** While nats-server is to be left alone, a node stops in order in its place: that excuses no second copy. */
export function drawBlow(draw: Draw, isNatsCalm: boolean): Drawn {
  const drawn = draw.among(plan.map(([weight, kind, how]) => [weight, { kind, how }] as const));
  return isNatsCalm && drawn.kind === 'nats-server' ? { kind: 'node', how: 'stopped' } : drawn;
}

const lookEveryMs = 500;
const standstillMs = 5_000;

function watchForStandstill(tell: (at: number, forMs: number) => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - last > standstillMs) tell(last, now - last);
    last = now;
  }, lookEveryMs);
  return () => clearInterval(timer);
}

function isThere({ pid }: Pick<Parts, 'pid'>, part: string): boolean {
  try {
    return process.kill(pid(part), 0);
  } catch {
    return false;
  }
}
