// The configuration of a nats-server that holds one fleet's mail on one machine: durable, one user per role.
// Pure text; whoever starts the server writes it to a file only the server can read, since it holds the passwords.
import { natsPermissions, natsRoles, type NatsRole } from '@relayfleet/contract/nats-roles.ts';

export type NatsServerOptions = {
  /** What it calls itself in its greeting, so that it can be told from others; default `relayfleet`. */
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  /** Serves /healthz and /varz; left out, there is none. */
  readonly monitorPort?: number;
  readonly storeDir: string;
  readonly users: NatsUsers;
  /** Default true. False gives up durability for speed: for tests that measure something else. */
  readonly syncAlways?: boolean;
  /** Bytes; default is nats-server's own choice. */
  readonly maxFileStore?: number;
};
export type NatsUsers = Readonly<Record<NatsRole, { readonly username: string; readonly password: string }>>;

/** The text of a nats-server configuration file for one fleet on one machine. */
export function natsServerConfig(options: NatsServerOptions): string {
  const { host, port, monitorPort, storeDir, maxFileStore } = options;
  const lines = [
    `listen: ${text(`${host}:${port}`)}`,
    ...(monitorPort === undefined ? [] : [`http: ${text(`${host}:${monitorPort}`)}`]),
    `server_name: ${text(options.name ?? 'relayfleet')}`,
    'max_payload: 8MB', // body chunks are 1 MB; the server warns above 8 MB
    'max_pending: 64MB',
    'write_deadline: "30s"', // a node that pauses for its garbage is not a slow consumer
    'ping_interval: "10s"',
    'jetstream {',
    `  store_dir: ${text(storeDir)}`,
    ...(maxFileStore === undefined ? [] : [`  max_file_store: ${maxFileStore}`]),
    // The default syncs every 2 min: a power cut was measured to lose every recent mail, and a young stream whole.
    ...(options.syncAlways === false ? [] : ['  sync_interval: always']),
    '}',
    'authorization {',
    '  users: [',
    ...natsRoles.map((role) => `    ${user(role, options.users)}`),
    '  ]',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function user(role: NatsRole, users: NatsUsers): string {
  const { publish, subscribe } = natsPermissions(role);
  const allow = (subjects: readonly string[]) => `{ allow: [${subjects.map(text).join(', ')}] }`;
  const { username, password } = users[role];
  return (
    `{ user: ${text(username)}, password: ${text(password)}, ` +
    `permissions: { publish: ${allow(publish)}, subscribe: ${allow(subscribe)} } }`
  );
}

/** A quoted string: nats-server's format takes JSON's escapes, and expands variables only outside quotes. */
function text(value: string): string {
  return JSON.stringify(value);
}
