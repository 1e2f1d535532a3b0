// What goes into the ready file: put together from the setup, the operator's statuses and binding Secrets, and the
// processes that run now. Describes; decides nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsUsers } from '@relayfleet/jetstream/server-config.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { conditionOf, type Resource } from '../resource.ts';
import { host, natsUrl, type Setup } from './parts.ts';
import type { ReadyFile, ReadyListener, ReadyPart, ReadyPlatform } from './ready-file.ts';

export type ReadyInput = {
  readonly setup: Setup;
  readonly users: NatsUsers;
  readonly version: string;
  readonly resources: readonly Resource[];
  readonly pids: ReadonlyMap<string, number>;
  readonly writtenAt: string;
};

export function readyContent({ setup, users, version, resources, pids, writtenAt }: ReadyInput): ReadyFile {
  const { state, ports, fleet } = setup;
  return {
    version: 1,
    relayfleet: version,
    writtenAt,
    state: state.root,
    manifests: setup.manifests,
    fleet: fleet.ref,
    listeners: listenersOf(setup),
    caFile: state.caFile,
    platforms: resources.flatMap((resource) => (resource.kind === 'SenderPlatform' ? platformOf(resource, setup) : [])),
    receiver: setup.receiver ? { host, port: ports.receiver, messages: state.received } : null,
    dns: { host, port: ports.dns },
    nats: { url: natsUrl(setup), reader: users.reader, keeper: users.keeper },
    parts: [...pids].map(([name, pid]) => partOf(name, pid, setup)),
  };
}

function listenersOf({ fleet, ports }: Setup): ReadyListener[] {
  return ports.nodes.flatMap((node) =>
    fleet.listeners.map(({ name, mode }) => ({
      node: node.name,
      name,
      host: 'localhost', // as in the certificate
      port: node.listeners.get(name) ?? 0,
      tls: mode === 'Implicit' ? ('implicit' as const) : ('starttls' as const),
    })),
  );
}

/** A platform that may send now: ready, with a password. */
function platformOf(platform: SenderPlatform, { state }: Setup): ReadyPlatform[] {
  const { namespace, name } = platform.metadata;
  const { username, binding } = platform.status ?? {};
  if (conditionOf(platform, 'Ready')?.status !== 'True' || username === undefined || binding === undefined) return [];
  try {
    const password = readFileSync(join(state.mounts, namespace, binding.name, 'password'), 'utf8');
    return [{ namespace, name, user: username, password, domains: domainsOf(platform) }];
  } catch {
    return []; // on its way
  }
}

function domainsOf({ metadata, spec, status }: SenderPlatform): ReadyPlatform['domains'] {
  return (status?.domains ?? []).flatMap(({ namespace, name, domain, conditions = [] }) => {
    const named = spec.domainRefs.find(
      (ref) => ref.name === name && (ref.namespace ?? metadata.namespace) === namespace,
    );
    const bound = conditions.every(({ type, status: holds }) => type !== 'Accepted' || holds === 'True');
    return domain !== undefined && bound && named !== undefined ? [{ domain, from: named.from }] : [];
  });
}

function partOf(name: string, pid: number, { state, ports }: Setup): ReadyPart {
  const port =
    name === 'operator' ? ports.operatorTelemetry : ports.nodes.find((node) => node.name === name)?.telemetry;
  const log = join(state.logs, `${name}.log`);
  return { name, pid, log, ...(port === undefined ? {} : { telemetry: `http://${host}:${port}` }) };
}
