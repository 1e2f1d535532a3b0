// The connection to NATS: how it is opened, kept and watched. It reconnects for ever; no other workspace imports the client.
// Knows nothing of streams. A lost connection is a status, never an exception.
import { setTimeout as delay } from 'node:timers/promises';
import { AuthorizationError, connect, type NatsConnection } from '@nats-io/transport-node';
import { inboxPrefix, type NatsRole } from '@relayfleet/contract/nats-roles.ts';
import { openAsk, type Ask } from './ask.ts';

export type NatsSettings = {
  /** `nats://host:port` or `tls://host:port`, several separated by commas. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** PEM bundle the server's certificate must verify against; TLS is then demanded, as it is by `tls://`. */
  readonly ca?: string;
  readonly role: NatsRole;
  /** Shown in the server's connection list. */
  readonly name: string;
};

export type NatsStatus =
  | { readonly kind: 'connected'; readonly server: string }
  | { readonly kind: 'disconnected' }
  /** The server refused something (a permission, a slow consumer, the credentials): words for a log. */
  | { readonly kind: 'refused'; readonly detail: string };

export type Nats = {
  readonly nc: NatsConnection;
  /** Resolves once the connection is closed for good: by `close()`, or with the error that ended it. */
  readonly closed: Promise<Error | undefined>;
  isConnected(): boolean;
  /** Whether there is a connection now or before `ms` have passed. What is sent without one is lost when it comes. */
  connectedWithin(ms: number): Promise<boolean>;
  /** Publishes and resolves with the answer; rejects after its time, or at once when the connection ends. */
  readonly ask: Ask;
  /** The answer, or a rejection as soon as the connection ends: a question on its way ended with it. */
  whileConnected<T>(answer: Promise<T>): Promise<T>;
  /** How often the connection was made; a change means that the server may have restarted in between. */
  connections(): number;
  /** Calls `listener` on every change from now on; returns how to stop. */
  onStatus(listener: (status: NatsStatus) => void): () => void;
  /** Sends what is buffered and closes; waits at most 2 s for a server that does not answer. */
  close(): Promise<void>;
};

const firstConnectRetryMs = 500;
const closePatienceMs = 2_000;

/** Opens the connection. Rejects when no server can be reached, unless `waitOnFirstConnect`; wrong credentials always reject. */
export async function connectNats(
  settings: NatsSettings,
  options: { readonly waitOnFirstConnect?: boolean } = {},
): Promise<Nats> {
  for (;;) {
    try {
      return watch(await connect(connectionOptions(settings)), inboxPrefix(settings.role));
    } catch (cause) {
      if (cause instanceof AuthorizationError)
        throw new Error(`NATS at ${settings.url} refuses user ${settings.username}`, { cause });
      if (options.waitOnFirstConnect !== true)
        throw new Error(`NATS at ${settings.url} cannot be reached: ${String(cause)}`, { cause });
      await delay(firstConnectRetryMs);
    }
  }
}

function connectionOptions({ url, username, password, ca, role, name }: NatsSettings) {
  const demandTls = ca !== undefined || url.startsWith('tls://');
  return {
    servers: url.split(','),
    user: username,
    pass: password,
    name,
    inboxPrefix: inboxPrefix(role),
    timeout: 5_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    ignoreAuthErrorAbort: true, // else two refusals while users are being changed would end the connection for good
    // The default needs 4 min to leave a server that hangs; a publish would wait as long.
    pingInterval: 2_000,
    maxPingOut: 2,
    noAsyncTraces: true, // a stack trace for each request costs more than the request
    ...(demandTls ? { tls: ca === undefined ? {} : { ca } } : {}),
  };
}

function watch(nc: NatsConnection, inbox: string): Nats {
  const { ask, abandon } = openAsk(nc, inbox);
  const listeners = new Set<(status: NatsStatus) => void>();
  let connected = true;
  let connections = 1;
  const tell = (status: NatsStatus) => {
    for (const listener of listeners) listener(status);
  };
  const follow = async () => {
    for await (const status of nc.status()) {
      if (status.type === 'reconnect') {
        connected = true;
        connections += 1;
        tell({ kind: 'connected', server: status.server });
      } else if (status.type === 'disconnect' || status.type === 'close') {
        if (connected) tell({ kind: 'disconnected' });
        connected = false;
        abandon();
      } else if (status.type === 'error') tell({ kind: 'refused', detail: status.error.message });
    }
  };
  const closed = nc.closed().then((error) => error ?? undefined);
  const isConnected = () => connected && !nc.isClosed();
  const onStatus = (listener: (status: NatsStatus) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const connectedWithin = async (ms: number) => {
    if (isConnected()) return true;
    const outcome = Promise.withResolvers<boolean>();
    const stop = onStatus(({ kind }) => {
      if (kind === 'connected') outcome.resolve(true);
    });
    const timer = setTimeout(() => outcome.resolve(false), Math.max(0, ms));
    void closed.then(() => outcome.resolve(false));
    try {
      return await outcome.promise;
    } finally {
      clearTimeout(timer);
      stop();
    }
  };
  const whileConnected = async <T>(answer: Promise<T>): Promise<T> => {
    const ended = Promise.withResolvers<never>();
    const stop = onStatus(({ kind }) => {
      if (kind === 'disconnected') ended.reject(new Error('the connection to NATS ended'));
    });
    try {
      return await Promise.race([answer, ended.promise]);
    } finally {
      stop();
    }
  };
  void follow();
  return {
    nc,
    closed,
    isConnected,
    connectedWithin,
    ask,
    whileConnected,
    connections: () => connections,
    onStatus,
    close: async () => {
      if (connected)
        await Promise.race([nc.flush().catch(() => undefined), delay(closePatienceMs, undefined, { ref: false })]);
      await nc.close();
    },
  };
}
