// The operator's decisions from beginning to end: resolve what people wrote, build what nodes are told, say how far it got.
// Pure and whole: no memory but that of parsed keys, no order of arrival, no clock of its own. Read this file first.
import type { Plan } from './plan.ts';
import { drainsByFleet, planDrains } from './plan-drains.ts';
import { planFinalizers, withdrawalEnds } from './plan-finalizers.ts';
import { planConnections, planSnapshots, progressOf } from './plan-fleets.ts';
import { planSecrets } from './plan-secrets.ts';
import { planStatuses } from './plan-statuses.ts';
import { resolveDomains } from './reconcile/relay-domain.ts';
import { resolveFleets } from './reconcile/relay-fleet.ts';
import { resolvePlatforms } from './reconcile/sender-platform.ts';
import { createKeyReader, type KeyReader } from './reconcile/signing-key.ts';
import { indexWorld } from './reconcile/world-index.ts';
import type { World } from './world.ts';

/** Keep one `readKey` for as long as the process lives: it remembers parsed private keys by Secret object. */
export function plan(world: World, readKey: KeyReader = createKeyReader()): Plan {
  const index = indexWorld(world);
  const { fleets, leaving } = resolveFleets(index);
  const domains = resolveDomains(index, readKey);
  const platforms = resolvePlatforms(index, domains);
  const resolution = { index, fleets, leaving, domains, platforms };

  const snapshots = planSnapshots(resolution);
  const secrets = planSecrets(resolution);
  const progresses = progressOf(resolution, snapshots);
  const drains = planDrains(resolution, progresses);
  const finalizers = planFinalizers(resolution, progresses, drains);
  const times = [
    ...fleets.map(({ renewAt }) => renewAt),
    ...[...progresses.values()].map(({ forgetAt }) => forgetAt),
    ...leaving.map((fleet) => laterThan(index.world.now, withdrawalEnds(fleet))),
  ];
  const later = times.filter((time) => time !== undefined);

  return {
    mint: [...fleets, ...domains, ...platforms].flatMap(({ mint }) => mint),
    hash: platforms.flatMap(({ hash }) => hash),
    secrets,
    finalizers,
    connections: planConnections([...fleets, ...leaving], drainsByFleet(drains)),
    snapshots,
    statuses: planStatuses(resolution, { snapshots, secrets, progresses, finalizers, drains }),
    recheckAt: later.length > 0 ? Math.min(...later) : undefined,
  };
}

function laterThan(now: number, time: number): number | undefined {
  return time > now ? time : undefined;
}
