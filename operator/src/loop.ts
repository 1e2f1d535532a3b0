// The resource flow from end to end: observe, plan, then hand out what the plan says. Read this to see how an edit travels.
// A pass is quick and waits for nothing; everything slow is a task with its own back-off, so that one API server that stalls, one
// NATS that is away or one key that cannot be written holds up nothing else. A pass that repeats changes nothing.
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { SecretHash } from '@relayfleet/contract/snapshot.ts';
import type { FleetLinks } from './observe/fleet-links.ts';
import { plan } from './plan-world.ts';
import type { HashRequest, MintRequest, Plan, Release, WantedFinalizer, WantedSecret, WantedStatus } from './plan.ts';
import type { Provider } from './provider/provider.ts';
import { createKeyReader } from './reconcile/signing-key.ts';
import { createTaskPool, type Task, type TaskPool, type TaskResult } from './tasks.ts';
import type { PasswordHash, World } from './world.ts';

export const steps = ['mint', 'hash', 'secret', 'finalizer', 'status'] as const;
export type Step = (typeof steps)[number];

export type LoopDeps = {
  readonly provider: Provider;
  readonly links: FleetLinks;
  readonly mint: (request: MintRequest) => Promise<WantedSecret>;
  readonly hash: (request: HashRequest) => Promise<SecretHash>;
  readonly fixed: Pick<World, 'defaultFleet' | 'endpoints'> & { readonly natsUrl: string | undefined };
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly later: (ms: number, callback: () => void) => () => void;
  readonly events: LoopEvents;
};

export type LoopEvents = {
  planned(world: World, plan: Plan, seconds: number): void;
  planFailed(cause: unknown): void;
  /** A deleted object was let go. */
  released(object: Pick<WantedFinalizer, 'kind' | 'ref'>, release: Release): void;
  stepSettled(step: Step, key: string, result: TaskResult, seconds: number): void;
};

export type Loop = {
  /** Something changed: plan again shortly. */
  trigger(): void;
  /** What is waiting or under way, by step. */
  depth(step: Step): number;
  stop(): Promise<void>;
};

/** Changes come in bursts: a plan made this long after the first covers them all. */
const debounceMs = 20;
/** Where a plan takes long, because there is much to plan, the next waits this many times as long: the processor has other work. */
const restFactor = 3;
const longestRestMs = 1_000;
const longestSleepMs = 10 * 60_000;
const afterFailureMs = 5_000;

export function createLoop(deps: LoopDeps): Loop {
  const { provider, links, later } = deps;
  const readKey = createKeyReader();
  const hashes = new Map<string, PasswordHash>();
  let stopped = false;
  let passMs = 0;
  let cancelSoon: (() => void) | undefined;
  let cancelRecheck: (() => void) | undefined;

  const pools: Readonly<Record<Step, TaskPool>> = {
    mint: pool('mint', 3), // an RSA key takes a processor and one of the four threads that files need, too
    hash: pool('hash', 2),
    secret: pool('secret', 8),
    finalizer: pool('finalizer', 2),
    status: pool('status', 8),
  };

  function pool(step: Step, concurrency: number): TaskPool {
    return createTaskPool({
      ...deps,
      concurrency,
      onSuperseded: () => trigger(),
      onSettled(key, result, seconds) {
        deps.events.stepSettled(step, key, result, seconds);
        if (step !== 'status' && result.ok && result.changed) trigger();
      },
    });
  }

  function pass(): void {
    try {
      carryOut();
    } catch (cause) {
      deps.events.planFailed(cause);
      cancelRecheck = later(afterFailureMs, trigger);
    }
  }

  function carryOut(): void {
    const started = deps.monotonic();
    const world = observe();
    const wanted = plan(world, readKey);
    forgetHashes(world);
    pools.mint.want(wanted.mint.map(mintTask));
    pools.hash.want(wanted.hash.map(hashTask));
    pools.secret.want(wanted.secrets.map(secretTask));
    links.want(wanted);
    pools.finalizer.want(wanted.finalizers.map(finalizerTask));
    pools.status.want(wanted.statuses.map(statusTask));
    sleepUntil(wanted.recheckAt, world.now);
    passMs = deps.monotonic() - started;
    deps.events.planned(world, wanted, passMs / 1000);
  }

  function observe(): World {
    const { defaultFleet, endpoints, natsUrl } = deps.fixed;
    const read = provider.read();
    return {
      ...read,
      fleets: natsUrl === undefined ? read.fleets : read.fleets.map((fleet) => withNatsUrl(fleet, natsUrl)),
      now: deps.now(),
      defaultFleet,
      endpoints,
      observations: links.observations(),
      dns: new Map(), // unknown, which permits signing, until somebody observes it
      passwordHashes: hashes,
    };
  }

  const mintTask = (request: MintRequest): Task => ({
    key: refKey(request.secret.ref),
    run: async () => provider.applySecret(await deps.mint(request)),
  });
  const secretTask = (secret: WantedSecret): Task => ({
    key: refKey(secret.ref),
    run: () => provider.applySecret(secret),
  });
  const finalizerTask = (wanted: WantedFinalizer): Task => ({
    key: `${wanted.kind} ${refKey(wanted.ref)}`,
    async run() {
      const written = await provider.writeFinalizer(wanted);
      if (written.ok && written.changed && wanted.release) deps.events.released(wanted, wanted.release);
      return written;
    },
  });
  const statusTask = (wanted: WantedStatus): Task => ({
    key: `${wanted.kind} ${refKey(wanted.ref)}`,
    run: () => provider.writeStatus(wanted),
  });
  const hashTask = (request: HashRequest): Task => ({
    key: refKey(request.platform), // failures are told by it
    async run() {
      hashes.set(request.uid, { digest: request.digest, hash: await deps.hash(request) });
      return { ok: true, changed: true };
    },
  });

  /** Of platforms that are gone; a platform that is there has one at most. */
  function forgetHashes({ platforms }: World): void {
    const present = new Set(platforms.map(({ metadata }) => metadata.uid));
    for (const uid of hashes.keys()) if (!present.has(uid)) hashes.delete(uid);
  }

  function trigger(): void {
    if (stopped || cancelSoon) return;
    cancelSoon = later(Math.min(Math.max(debounceMs, passMs * restFactor), longestRestMs), () => {
      cancelSoon = undefined;
      pass();
    });
  }

  function sleepUntil(at: number | undefined, now: number): void {
    cancelRecheck?.();
    cancelRecheck = later(Math.min(Math.max((at ?? Infinity) - now, debounceMs), longestSleepMs), trigger);
  }

  return {
    trigger,
    depth: (step) => pools[step].depth(),
    async stop() {
      stopped = true;
      cancelSoon?.();
      cancelRecheck?.();
      await Promise.all(Object.values(pools).map((each) => each.stop()));
    },
  };
}

function withNatsUrl(fleet: RelayFleet, url: string): RelayFleet {
  return { ...fleet, spec: { ...fleet.spec, nats: { ...fleet.spec.nats, url } } };
}
