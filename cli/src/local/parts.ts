// What each part of a local fleet is started with. Pure: ports, paths and users in, processes to start out.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { StateDirectory } from '../state-directory.ts';
import type { FleetManifest } from './fleet-manifest.ts';
import { answersOk, listens } from './supervise/probes.ts';
import type { Part } from './supervise/part.ts';

export const host = '127.0.0.1';
/** The receiving server's name, as the local DNS server publishes it. */
export const receiverName = 'mx.receiver.test';

/** Stopped from the highest down: nodes finish what they deliver while the receiver and the queue are still there. */
const tiers = { queue: 0, dns: 1, receiver: 1, operator: 2, nodes: 3 } as const;

export type NodePorts = {
  readonly name: string;
  readonly listeners: ReadonlyMap<string, number>;
  readonly telemetry: number;
};

export type Setup = {
  /** Root of the relayfleet sources. */
  readonly home: string;
  readonly state: StateDirectory;
  readonly manifests: string;
  readonly fleet: FleetManifest;
  readonly natsServer: string;
  readonly receiver: boolean;
  readonly ports: {
    readonly nats: number;
    readonly dns: number;
    readonly receiver: number;
    readonly operatorTelemetry: number;
    readonly nodes: readonly NodePorts[];
  };
};

export function natsUrl({ ports }: Setup): string {
  return `nats://${host}:${ports.nats}`;
}

/** Where the operator puts a Secret it owns or was given, one file a key. */
export function mountOf({ state, fleet }: Setup, secret: string): string {
  return join(state.mounts, fleet.ref.namespace, secret);
}

export function bootstrapMount(setup: Setup): string {
  return mountOf(setup, `${setup.fleet.ref.name}-bootstrap`);
}

export function certificateMount(setup: Setup): string {
  return mountOf(setup, setup.fleet.certificateSecret ?? `${setup.fleet.ref.name}-listener-tls`);
}

/** Where a part is reached, for people. */
export function addressOf(setup: Setup, part: string): string {
  const { ports, fleet, receiver } = setup;
  const node = ports.nodes.find(({ name }) => name === part);
  if (node !== undefined)
    return fleet.listeners
      .map(({ name, mode }) => `localhost:${node.listeners.get(name)} ${mode === 'Implicit' ? 'TLS' : 'STARTTLS'}`)
      .join(', ');
  if (part === 'nats-server') return natsUrl(setup);
  if (part === 'operator') return `http://${host}:${ports.operatorTelemetry}/metrics`;
  if (part === 'receiver' && receiver) return `${host}:${ports.receiver} STARTTLS`;
  return `${host}:${ports.dns} UDP, TCP`;
}

/** Tells this run's nats-server from any other. */
export function natsServerName({ root }: StateDirectory): string {
  return `relayfleet-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`;
}

export function natsServerPart(setup: Setup): Part {
  return {
    ...frame(setup, 'nats-server', tiers.queue),
    command: setup.natsServer,
    args: ['--config', join(setup.state.natsDirectory, 'nats.conf')],
    // By name: where two runs start at one moment and get one port, the other's server must not pass for ours.
    probe: listens(host, setup.ports.nats, new RegExp(`^INFO \\{.*"${natsServerName(setup.state)}"`)),
  };
}

export function operatorPart(setup: Setup): Part {
  const fleet = refKey(setup.fleet.ref);
  const first = setup.ports.nodes[0]?.listeners ?? new Map<string, number>();
  return {
    ...nodeProgram(setup, 'operator', tiers.operator, 'operator/src/main.ts'),
    env: {
      RELAYFLEET_PROVIDER: 'file',
      RELAYFLEET_MANIFESTS: `${setup.manifests}:${setup.state.manifests}`,
      RELAYFLEET_STATE: setup.state.operator,
      RELAYFLEET_CRDS: join(setup.home, 'crds'),
      RELAYFLEET_DEFAULT_FLEET: fleet,
      RELAYFLEET_ENDPOINTS: [...first].map(([name, port]) => `${fleet}:${name}=localhost:${port}`).join(','),
      RELAYFLEET_NATS_URL: natsUrl(setup),
      RELAYFLEET_TELEMETRY: `${host}:${setup.ports.operatorTelemetry}`,
    },
    probe: answersOk(`http://${host}:${setup.ports.operatorTelemetry}/healthz`),
  };
}

export function relayNodePart(setup: Setup, node: NodePorts): Part {
  const listeners = setup.fleet.listeners.map(
    ({ name, mode }) => `${mode === 'Implicit' ? 'implicit' : 'starttls'}:${host}:${node.listeners.get(name) ?? 0}`,
  );
  return {
    ...nodeProgram(setup, node.name, tiers.nodes, 'relay-node/src/main.ts'),
    env: {
      RELAYFLEET_NODE_NAME: node.name,
      RELAYFLEET_BOOTSTRAP_DIR: bootstrapMount(setup),
      RELAYFLEET_TLS_DIR: certificateMount(setup),
      RELAYFLEET_LISTENERS: listeners.join(','),
      RELAYFLEET_TELEMETRY: `${host}:${node.telemetry}`,
      // Nobody listens on port 25 without being root: with a receiver, every next hop on port 25 is the receiver's port,
      // and names resolve through the local DNS server, so that no mail can leave this machine.
      ...(setup.receiver
        ? { RELAYFLEET_DNS_SERVERS: `${host}:${setup.ports.dns}`, RELAYFLEET_SMTP_PORT: String(setup.ports.receiver) }
        : {}),
    },
    probe: answersOk(`http://${host}:${node.telemetry}/readyz`),
  };
}

export function receiverPart(setup: Setup): Part {
  return {
    ...nodeProgram(setup, 'receiver', tiers.receiver, 'cli/src/local/receiver/main.ts'),
    env: {
      RECEIVER_HOST: host,
      RECEIVER_PORT: String(setup.ports.receiver),
      RECEIVER_NAME: receiverName,
      RECEIVER_MESSAGES: setup.state.received,
      RECEIVER_TLS_DIR: certificateMount(setup),
      RECEIVER_DNS: `${host}:${setup.ports.dns}`,
    },
    probe: listens(host, setup.ports.receiver, /^220 /),
  };
}

export function dnsServerPart(setup: Setup): Part {
  return {
    ...nodeProgram(setup, 'dns-server', tiers.dns, 'cli/src/local/dns/main.ts'),
    env: {
      DNS_HOST: host,
      DNS_PORT: String(setup.ports.dns),
      DNS_OPERATOR_STATE: setup.state.operator,
      ...(setup.receiver ? { DNS_RECEIVER: receiverName } : {}),
    },
    probe: listens(host, setup.ports.dns),
  };
}

function frame(
  { state }: Setup,
  name: string,
  tier: number,
): Pick<Part, 'name' | 'env' | 'logFile' | 'tier' | 'stopGraceMs'> {
  return { name, env: {}, logFile: join(state.logs, `${name}.log`), tier, stopGraceMs: 5_000 };
}

function nodeProgram(setup: Setup, name: string, tier: number, program: string): Omit<Part, 'probe'> {
  return { ...frame(setup, name, tier), command: process.execPath, args: [join(setup.home, program)] };
}
