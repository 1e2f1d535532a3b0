// One method per thing that happens in the operator, each doing its log line and its metrics. Nothing else in the operator logs.
// Said once when it begins and once when it is over, however often it is tried in between. No secrets, no mail addresses.
import type { ConditionReason } from '@relayfleet/contract/conditions.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import type { Log } from '@relayfleet/telemetry/log.ts';
import type { Metrics } from '@relayfleet/telemetry/metrics.ts';
import type { LoopEvents } from './loop.ts';
import type { OperatorMetrics } from './metrics.ts';
import type { FleetLinkEvents } from './observe/fleet-link.ts';
import type { Plan, Release } from './plan.ts';
import type { FileProviderEvents } from './provider/file/file-provider.ts';
import type { CollectionEvents } from './provider/kubernetes/collections.ts';
import type { OrderEvents } from './sweep/order-keeper.ts';
import type { SweepEvents } from './sweep/sweeper.ts';
import type { World } from './world.ts';

export type OperatorEvents = FileProviderEvents &
  Omit<CollectionEvents, 'changed'> &
  FleetLinkEvents &
  SweepEvents &
  LoopEvents & {
    started(provider: string): void;
    stopping(signal: string): void;
    apiAnswered(answer: { readonly code: string; readonly method: string; readonly host: string }): void;
  };

export function createEvents(log: Log, metrics: Metrics<OperatorMetrics>): OperatorEvents {
  const { of } = metrics;
  return {
    ...processEvents(log),
    ...fileEvents(log, of),
    ...kubernetesEvents(log, of),
    ...fleetEvents(log, of),
    ...sweepEvents(log, of),
    ...orderEvents(log, of),
    ...loopEvents(log, of),
  };
}

type Meters = Metrics<OperatorMetrics>['of'];

function processEvents(log: Log): Pick<OperatorEvents, 'started' | 'stopping'> {
  return {
    started: (provider) => log.info('operator started', { provider }),
    stopping: (signal) => log.info('operator stops', { signal }),
  };
}

function fileEvents(log: Log, of: Meters): FileProviderEvents {
  let refused = 0;
  return {
    manifestRefused({ file, document, about, problems }) {
      of.manifestsRefused.set(++refused);
      const { kind, ref } = about ?? {};
      log.warn('manifest refused', { file, document, kind, ...ref, problems });
    },
    manifestAccepted({ file, document }) {
      of.manifestsRefused.set(--refused);
      log.info('manifest no longer refused', { file, document });
    },
    stateProblem: (problem) => log.error('state directory', { problem }),
  };
}

function kubernetesEvents(
  log: Log,
  of: Meters,
): Omit<CollectionEvents, 'changed'> & Pick<OperatorEvents, 'apiAnswered'> {
  return {
    watchFailed: (collection, problem) => log.warn('watch failed', { collection, problem }),
    watchRecovered: (collection) => log.info('watch works again', { collection }),
    apiAnswered({ code, method, host }) {
      if (method === 'GET' || method === 'PATCH' || method === 'DELETE') of.apiRequests.inc({ code, method, host });
    },
  };
}

function fleetEvents(log: Log, of: Meters): FleetLinkEvents {
  return {
    natsProblem(ref, problem) {
      log.warn('fleet cannot be served', { fleet: refKey(ref), problem });
    },
    natsReady(ref) {
      log.info('fleet is served', { fleet: refKey(ref) });
    },
    published(ref, { did, published }, seconds) {
      const fleet = refKey(ref);
      if (did !== 'nothing') of.publications.inc({ fleet, kind: did });
      of.publishSeconds.observe(seconds);
      const line = { fleet, generation: published.generation, did, seconds };
      if (did === 'renewed') log.debug('configuration published', line);
      else log.info('configuration published', line);
    },
  };
}

const sweepWords = {
  bodies: {
    failing:
      'bodies of finished mail cannot be swept; check that NATS is up and that the operator’s user may purge and delete in stream BODY',
    works: 'bodies are swept again',
  },
  overdue: {
    failing:
      'overdue mail cannot be brought forward; check that NATS is up, that its storage is not full, and that the operator’s user may read stream DEFER and publish to df.>',
    works: 'overdue mail is looked for again',
  },
} as const;

function sweepEvents(log: Log, of: Meters): Omit<SweepEvents, keyof OrderEvents> {
  const failing = new Map<string, string>();
  return {
    sweptBodies(ref, { finished, orphans }) {
      const fleet = refKey(ref);
      of.bodiesSwept.inc({ fleet, kind: 'finished' }, finished);
      of.bodiesSwept.inc({ fleet, kind: 'orphan' }, orphans);
    },
    sweptOverdue(ref, moved) {
      if (moved > 0)
        log.warn(
          'overdue mail was brought forward: nats-server had forgotten it, as it does while its storage is full',
          {
            fleet: refKey(ref),
            entries: moved,
          },
        );
    },
    sweepEnded(ref, sweep, at) {
      const fleet = refKey(ref);
      of.sweptAt.set({ fleet, sweep }, at / 1000);
      if (failing.delete(`${fleet} ${sweep}`)) log.info(sweepWords[sweep].works, { fleet });
    },
    sweepFailed(ref, sweep, problem) {
      const fleet = refKey(ref);
      of.sweepFailures.inc({ fleet, sweep });
      if (failing.get(`${fleet} ${sweep}`) !== problem) log.warn(sweepWords[sweep].failing, { fleet, problem });
      failing.set(`${fleet} ${sweep}`, problem);
    },
    movedForward: (ref, reason, count) => of.movedForward.inc({ fleet: refKey(ref), reason }, count),
  };
}

function orderEvents(log: Log, of: Meters): OrderEvents {
  const about = (ref: ObjectRef, { name: order, kind }: Order) => ({ fleet: refKey(ref), order, kind });
  return {
    ordersSeen(ref, orders) {
      for (const kind of ['hold', 'drop', 'retry'] as const)
        of.orders.set({ fleet: refKey(ref), kind }, orders.filter((order) => order.kind === kind).length);
    },
    orderBegun: (ref, order, entries) => log.info('order is being carried out', { ...about(ref, order), entries }),
    orderDone(ref, order, moved) {
      of.ordersDone.inc({ fleet: refKey(ref), kind: order.kind });
      log.info('order was carried out', { ...about(ref, order), moved });
    },
    orderStalled: (ref, order, problem) =>
      log.warn('order cannot be carried out for now; it is tried again', { ...about(ref, order), problem }),
  };
}

function loopEvents(log: Log, of: Meters): LoopEvents {
  const secrets = createSecretNews(log);
  const failing = new Map<string, string>();
  return {
    planned(world, plan, seconds) {
      secrets.planned(world, plan);
      of.reconciles.inc({ controller: 'plan', result: 'success' });
      of.reconcileSeconds.observe({ controller: 'plan' }, seconds);
      showObjects(of, plan);
      showFleets(of, world);
    },
    planFailed(cause) {
      of.reconciles.inc({ controller: 'plan', result: 'error' });
      of.reconcileErrors.inc({ controller: 'plan' });
      log.error('no plan could be made; what is published stays in force', { cause });
    },
    released({ kind, ref }, release) {
      const { how, ...facts } = release;
      const [level, words] = releases[how];
      log[level](words, { kind, ...ref, ...facts });
      if (how === 'Abandoned' && kind !== 'RelayFleet') of.abandoned.inc({ kind }, release.entries ?? 0);
    },
    stepSettled(step, key, result, seconds) {
      of.reconciles.inc({ controller: step, result: result.ok ? 'success' : 'error' });
      of.reconcileSeconds.observe({ controller: step }, seconds);
      const name = `${step} ${key}`;
      if (result.ok) {
        if (failing.delete(name)) log.info('work succeeded after all', { step, object: key });
        return;
      }
      of.reconcileErrors.inc({ controller: step });
      of.queueRetries.inc({ name: step });
      if (failing.get(name) !== result.problem)
        log.warn('work failed; it is tried again', { step, object: key, problem: result.problem });
      failing.set(name, result.problem);
    },
  };
}

/** Objects whose Accepted or ResolvedRefs is False for the sake of a Secret, told when that begins and when it is over. */
function createSecretNews(log: Log): { planned(world: World, plan: Plan): void } {
  const lacking = new Map<string, string>();
  return {
    planned({ fleets, domains, platforms }, { statuses }) {
      const present = new Set(
        [...fleets, ...domains, ...platforms].map(({ kind, metadata }) => `${kind} ${refKey(metadata)}`),
      );
      for (const object of lacking.keys()) if (!present.has(object)) lacking.delete(object);
      for (const { kind, ref, status } of statuses) {
        const object = `${kind} ${refKey(ref)}`;
        const now = status.conditions?.find(
          ({ type, reason }) => (type === 'Accepted' || type === 'ResolvedRefs') && aboutSecrets.has(reason),
        );
        const before = lacking.get(object);
        if (now === undefined) {
          if (lacking.delete(object)) log.info('its Secrets are usable again', { kind, ...ref });
          continue;
        }
        lacking.set(object, now.reason);
        if (before !== now.reason)
          log.warn('a Secret cannot be used', { kind, ...ref, reason: now.reason, problem: now.message });
      }
    },
  };
}

const releases = {
  Withdrawn: ['info', 'fleet withdrawn: every ready node refuses its mail'],
  NothingPublished: ['info', 'fleet deleted before anything was published'],
  GivenUp: [
    'warn',
    'fleet deleted although its nodes could not be told; stop its relay nodes: they hold the last snapshot and go on once they reach NATS',
  ],
  NoFleet: ['info', 'deleted: no fleet carries it'],
  Drained: ['info', 'deleted: nothing of its mail is left'],
  Dropped: ['info', 'deleted: what was left of its mail was dropped'],
  Abandoned: [
    'warn',
    'deleted on the word abandon: its mail stays queued; that of a domain waits for its RelayDomain to be there again, and expires when it is too old',
  ],
} as const satisfies Readonly<Record<Release['how'], readonly ['info' | 'warn', string]>>;

const aboutSecrets: ReadonlySet<string> = new Set<ConditionReason>(['SecretNotFound', 'SecretInvalid']);

function showObjects(of: Meters, { statuses }: Plan): void {
  of.objects.reset();
  const counts = new Map<
    string,
    { kind: Plan['statuses'][number]['kind']; ready: 'True' | 'False' | 'Unknown'; count: number }
  >();
  for (const { kind, status } of statuses) {
    const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
    const key = `${kind} ${ready}`;
    counts.set(key, { kind, ready, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  for (const { kind, ready, count } of counts.values()) of.objects.set({ kind, ready }, count);
}

function showFleets(of: Meters, { observations }: World): void {
  for (const gauge of [of.nodes, of.natsConnected, of.generation]) gauge.reset(); // fleets go
  for (const [fleet, { nats, published, acknowledgements }] of observations) {
    const states = { current: 0, behind: 0, unready: 0 };
    for (const { ready, generation } of acknowledgements)
      states[!ready ? 'unready' : generation >= (published?.generation ?? Infinity) ? 'current' : 'behind'] += 1;
    for (const state of ['current', 'behind', 'unready'] as const) of.nodes.set({ fleet, state }, states[state]);
    of.natsConnected.set({ fleet }, nats.ok ? 1 : 0);
    if (published) of.generation.set({ fleet }, published.generation);
  }
}
