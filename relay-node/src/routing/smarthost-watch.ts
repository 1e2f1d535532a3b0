// Which smarthosts of the snapshot have names that lead nowhere. Mail for them waits, as it may be DNS that is wrong for a while;
// so that nobody waits in vain, it is looked at before there is any mail, and told to the operator (snapshot/acknowledge.ts).
// "Not now" from DNS changes nothing that is known. Refuses to know what is said about it.
import { isIP } from 'node:net';
import type { MissingHost } from '@relayfleet/contract/acknowledgement.ts';
import type { Snapshot } from '@relayfleet/contract/snapshot.ts';
import type { Resolver } from './dns.ts';

export type SmarthostWatchDeps = {
  readonly dns: Pick<Resolver, 'addresses'>;
  readonly snapshot: () => Snapshot | undefined;
  /** Runs `work` once after `ms`; returns how to prevent it. */
  readonly later: (ms: number, work: () => void) => () => void;
  /** What is missing is another than before, or was looked at for the first time. */
  readonly onChange: () => void;
};

export type SmarthostWatch = {
  /** Undefined until the first look is over. */
  missing(): readonly MissingHost[] | undefined;
  /** Looks now, as for a new snapshot, and from then on every minute. Never rejects. */
  look(): Promise<void>;
  stop(): void;
};

const everyMs = 60_000;
const askedAtOnce = 20;
/** Of more names than this the last are not looked at: a snapshot may hold tens of thousands. */
const mostNames = 5_000;
const mostTold = 64;

export function watchSmarthosts({ dns, snapshot, later, onChange }: SmarthostWatchDeps): SmarthostWatch {
  const lost = new Set<string>();
  let told: readonly MissingHost[] | undefined;
  let cancel = () => {};
  let stopped = false;
  let looking: Promise<void> | undefined;
  let again = false;

  async function pass(): Promise<void> {
    const hosts = namedSmarthosts(snapshot());
    const names = [...new Set(hosts.map(({ host }) => host))].slice(0, mostNames);
    for (const name of lost) if (!names.includes(name)) lost.delete(name);
    for (let at = 0; at < names.length && !stopped; at += askedAtOnce)
      await Promise.all(names.slice(at, at + askedAtOnce).map(ask));
    const missing = hosts.filter(({ host }) => lost.has(host)).slice(0, mostTold);
    if (stopped || JSON.stringify(missing) === JSON.stringify(told)) return;
    told = missing;
    onChange();
  }

  async function ask(name: string): Promise<void> {
    const { kind } = await dns.addresses(name);
    if (kind === 'found') lost.delete(name);
    else if (kind !== 'unavailable') lost.add(name);
  }

  async function run(): Promise<void> {
    do {
      again = false;
      await pass();
    } while (again && !stopped);
    looking = undefined;
    if (!stopped) cancel = later(everyMs, () => void look());
  }

  function look(): Promise<void> {
    cancel();
    again = true;
    looking ??= run();
    return looking;
  }

  return {
    missing: () => told,
    look,
    stop() {
      stopped = true;
      cancel();
    },
  };
}

/** In an order that depends on the content alone. */
function namedSmarthosts(snapshot: Snapshot | undefined): readonly MissingHost[] {
  const hosts = [...(snapshot?.domains.values() ?? [])].flatMap(({ domain, routes }) =>
    routes.flatMap(({ name: route, via }) =>
      via.kind === 'smarthosts' ? via.hosts.map(({ host }) => ({ domain, route, host: host.toLowerCase() })) : [],
    ),
  );
  return hosts
    .filter(({ host }) => isIP(host) === 0)
    .toSorted((a, b) => (a.domain < b.domain ? -1 : a.domain > b.domain ? 1 : 0));
}
