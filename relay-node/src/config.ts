// Environment -> one frozen Config, checked before anything listens. Every variable of the node stands in `variables`.
// Secrets are read by path from mounted directories; none comes through the environment.
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { openEnvironment, parseHostPort, type HostPort, type Variable } from '@relayfleet/contract/environment.ts';
import { logLevels, type LogLevel } from '@relayfleet/telemetry/log.ts';
import type { ListenerAddress } from './ingress/smtp-listener.ts';

export type Config = {
  readonly node: string;
  /** Directory with bootstrap.json. */
  readonly bootstrapDir: string;
  /** Directory with tls.crt and tls.key. */
  readonly tlsDir: string;
  readonly listeners: readonly ListenerAddress[];
  readonly telemetry: HostPort;
  /** `ip:port`; empty means the system's. */
  readonly dnsServers: readonly string[];
  /** What port 25 of a next hop means here. */
  readonly smtpPort: number;
  readonly concurrency: number;
  /** Milliseconds between attempts, the last one repeats; empty means as fleet and platforms have it. */
  readonly retryDelays: readonly number[];
  readonly logLevel: LogLevel;
};

/** Every variable; docs/reference/environment.md is made from it. */
export const variables = {
  RELAYFLEET_NODE_NAME: {
    default: hostname(),
    defaultIs: 'the host name',
    type: 'name, as of a pod',
    example: 'node-1',
    meaning: 'name of this node in status, events and logs',
  },
  RELAYFLEET_BOOTSTRAP_DIR: {
    default: undefined,
    type: 'directory',
    example: '/etc/relayfleet/bootstrap',
    meaning: 'directory of the mounted bootstrap Secret',
  },
  RELAYFLEET_TLS_DIR: {
    default: undefined,
    type: 'directory',
    example: '/etc/relayfleet/tls',
    meaning: 'directory of the mounted listener certificate (tls.crt, tls.key)',
  },
  RELAYFLEET_LISTENERS: {
    default: 'implicit:0.0.0.0:2465,starttls:0.0.0.0:2587',
    type: 'list of `implicit|starttls:host:port`',
    example: 'implicit:0.0.0.0:465,starttls:[::]:587',
    meaning: 'ports for clients: `implicit|starttls:host:port`, separated by commas',
  },
  RELAYFLEET_TELEMETRY: {
    default: '0.0.0.0:9464',
    type: 'host:port',
    example: '127.0.0.1:9464',
    meaning: 'where /metrics, /healthz and /readyz are served',
  },
  RELAYFLEET_DNS_SERVERS: {
    default: '',
    defaultIs: 'those of the system',
    type: 'list of ip:port',
    example: '192.0.2.53:53,[2001:db8::53]:53',
    meaning: 'resolvers for MX and address lookups, `ip:port,ip:port`; the system’s if empty',
  },
  RELAYFLEET_SMTP_PORT: {
    default: '25',
    type: 'number, 1 to 65535',
    example: '2525',
    meaning: 'port used for next hops on port 25, for machines where 25 is not to be had',
  },
  RELAYFLEET_CONCURRENCY: {
    default: '50',
    type: 'number, 1 to 10000',
    example: '200',
    meaning: 'transactional queue entries worked on at once; retries and bulk mail have half as many slots each',
  },
  RELAYFLEET_RETRY_DELAYS: {
    default: '',
    defaultIs: 'as RelayFleet and SenderPlatform say (`retry.schedule`)',
    type: 'list of waiting times in s, m or h',
    example: '1m,5m,1h',
    meaning:
      'waiting times between attempts, `1m,5m,1h`, the last one repeats; before every `retry.schedule`, for tests',
  },
  RELAYFLEET_LOG_LEVEL: { default: 'info', type: 'word', example: 'debug', meaning: logLevels.join(', ') },
} as const satisfies Readonly<Record<string, Variable>>;

export type ConfigReading =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads all variables; the problems name each one that is missing or unusable. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ConfigReading {
  const { read, problems } = openEnvironment(variables, env);
  const config: Config = Object.freeze({
    node: read('RELAYFLEET_NODE_NAME', nodeName, ''),
    bootstrapDir: read('RELAYFLEET_BOOTSTRAP_DIR', path, ''),
    tlsDir: read('RELAYFLEET_TLS_DIR', path, ''),
    listeners: read('RELAYFLEET_LISTENERS', listeners, []),
    telemetry: read('RELAYFLEET_TELEMETRY', parseHostPort, { host: '', port: 0 }),
    dnsServers: read('RELAYFLEET_DNS_SERVERS', resolvers, []),
    smtpPort: read('RELAYFLEET_SMTP_PORT', between(1, 65_535), 25),
    concurrency: read('RELAYFLEET_CONCURRENCY', between(1, 10_000), 1),
    retryDelays: read('RELAYFLEET_RETRY_DELAYS', durations, []),
    logLevel: read('RELAYFLEET_LOG_LEVEL', (value) => logLevels.find((level) => level === value), 'info'),
  });
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

function path(text: string): string {
  return text;
}

/** It becomes a key in a bucket: a Kubernetes pod name fits. */
function nodeName(text: string): string | undefined {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(text) ? text : undefined;
}

function listeners(text: string): readonly ListenerAddress[] | undefined {
  const parsed = text.split(',').map((item): ListenerAddress | undefined => {
    const [, mode, address] = /^(implicit|starttls):(.+)$/.exec(item.trim()) ?? [];
    const at = parseHostPort(address ?? '');
    return at && (mode === 'implicit' || mode === 'starttls') ? { mode, ...at } : undefined;
  });
  return parsed.every((item) => item !== undefined) ? parsed : undefined;
}

function resolvers(text: string): readonly string[] | undefined {
  const items = text.split(',').filter((item) => item !== '');
  return items.every((item) => isIP(parseHostPort(item)?.host ?? '') !== 0) ? items : undefined;
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `30s,5m,1h` in milliseconds. */
function durations(text: string): readonly number[] | undefined {
  const items = text.split(',').filter((item) => item !== '');
  const parsed = items.map((item) => {
    const [, count, unit] = /^([1-9]\d{0,5})([smh])$/.exec(item.trim()) ?? [];
    return unit === undefined ? undefined : Number(count) * (unitMs[unit] ?? 0);
  });
  return parsed.every((item) => item !== undefined) ? parsed : undefined;
}

function between(least: number, most: number): (text: string) => number | undefined {
  return (text) => (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined);
}
