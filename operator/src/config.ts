// Environment -> one frozen Config, checked before anything is read, written or listened on. Every variable of the operator
// stands in `variables`. Secrets come from the provider, never through the environment.
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEnvironment, parseHostPort, type Variable } from '@relayfleet/contract/environment.ts';
import { parseRefKey, refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { logLevels, type LogLevel } from '@relayfleet/telemetry/log.ts';
import type { Endpoint } from './world.ts';

export type Config = {
  readonly provider:
    | {
        readonly kind: 'file';
        /** Directories with manifests. */
        readonly manifests: readonly string[];
        readonly state: string;
        /** Directory with the CustomResourceDefinitions. */
        readonly crds: string;
      }
    | { readonly kind: 'kubernetes' };
  readonly defaultFleet: ObjectRef;
  /** By fleet `namespace/name`, then by listener. */
  readonly endpoints: ReadonlyMap<string, ReadonlyMap<string, Endpoint>>;
  /** Overrides `spec.nats.url` of every fleet. */
  readonly natsUrl: string | undefined;
  readonly telemetry: Endpoint;
  readonly logLevel: LogLevel;
};

/** Every variable; docs/reference/environment.md is made from it. */
export const variables = {
  RELAYFLEET_PROVIDER: {
    default: 'kubernetes',
    type: 'word',
    example: 'file',
    meaning: 'where objects live: `kubernetes` (KUBECONFIG, else the service account) or `file`',
  },
  RELAYFLEET_MANIFESTS: {
    default: undefined,
    type: 'list of directories',
    example: '/etc/relayfleet/manifests:/srv/mail',
    meaning: 'directories with manifests, separated by `:` (file provider)',
  },
  RELAYFLEET_STATE: {
    default: undefined,
    type: 'directory',
    example: '/var/lib/relayfleet/operator',
    meaning: 'directory the operator keeps its state in (file provider)',
  },
  RELAYFLEET_CRDS: {
    default: fileURLToPath(new URL('../../crds', import.meta.url)),
    defaultIs: '`crds` beside the operator',
    type: 'directory',
    example: '/usr/share/relayfleet/crds',
    meaning: 'directory with the CRDs that manifests are checked against (file provider)',
  },
  RELAYFLEET_DEFAULT_FLEET: {
    default: 'relayfleet-system/default',
    type: 'namespace/name',
    example: 'infra/mail',
    meaning: 'RelayFleet of a RelayDomain that names none, `namespace/name`',
  },
  RELAYFLEET_ENDPOINTS: {
    default: '',
    defaultIs: 'hostname and port of the fleet',
    type: 'list of `namespace/fleet:listener=host:port`',
    example: 'infra/mail:submissions=localhost:2465',
    meaning:
      'where clients really reach a listener: `namespace/fleet:listener=host:port`, separated by commas; else hostname and port of the fleet',
  },
  RELAYFLEET_NATS_URL: {
    default: '',
    defaultIs: 'as each fleet says',
    type: 'URL, `nats://` or `tls://`, without a user',
    example: 'nats://127.0.0.1:4222',
    meaning: 'overrides spec.nats.url of every fleet: `nats://host:port`',
  },
  RELAYFLEET_TELEMETRY: {
    default: '0.0.0.0:9465',
    type: 'host:port',
    example: '127.0.0.1:9465',
    meaning: 'where /metrics, /healthz and /readyz are served',
  },
  RELAYFLEET_LOG_LEVEL: { default: 'info', type: 'word', example: 'debug', meaning: logLevels.join(', ') },
} as const satisfies Readonly<Record<string, Variable>>;

export type ConfigReading =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads all variables; the problems name each one that is missing or unusable. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ConfigReading {
  const { read, problems } = openEnvironment(variables, env);
  const kind = read('RELAYFLEET_PROVIDER', providerKind, 'kubernetes');
  const config: Config = Object.freeze({
    provider:
      kind === 'kubernetes'
        ? { kind }
        : {
            kind,
            manifests: read('RELAYFLEET_MANIFESTS', directories, []),
            state: read('RELAYFLEET_STATE', (text) => resolve(text), ''),
            crds: read('RELAYFLEET_CRDS', (text) => resolve(text), ''),
          },
    defaultFleet: read('RELAYFLEET_DEFAULT_FLEET', parseRefKey, { namespace: '', name: '' }),
    endpoints: read('RELAYFLEET_ENDPOINTS', endpoints, new Map()),
    natsUrl: read('RELAYFLEET_NATS_URL', natsUrl, '') || undefined,
    telemetry: read('RELAYFLEET_TELEMETRY', parseHostPort, { host: '', port: 0 }),
    logLevel: read('RELAYFLEET_LOG_LEVEL', (text) => logLevels.find((level) => level === text), 'info'),
  });
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

function providerKind(text: string): 'file' | 'kubernetes' | undefined {
  return text === 'file' || text === 'kubernetes' ? text : undefined;
}

function directories(text: string): readonly string[] {
  const paths = text.split(':').filter((path) => path !== '');
  return [...new Set(paths.map((path) => (isAbsolute(path) ? path : resolve(path))))];
}

function natsUrl(text: string): string | undefined {
  return text === '' || /^(nats|tls):\/\/[^/@ ,]+$/.test(text) ? text : undefined;
}

function endpoints(text: string): Config['endpoints'] | undefined {
  const fleets = new Map<string, Map<string, Endpoint>>();
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const [, fleet, listener, address] = /^([^:=]+):([a-z0-9-]+)=(.+)$/.exec(item.trim()) ?? [];
    const ref = parseRefKey(fleet ?? '');
    const at = parseHostPort(address ?? '');
    if (!ref || !listener || !at) return undefined;
    const listeners = fleets.get(refKey(ref)) ?? new Map<string, Endpoint>();
    fleets.set(refKey(ref), listeners.set(listener, at));
  }
  return fleets;
}
