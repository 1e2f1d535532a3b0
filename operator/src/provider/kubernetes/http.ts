// One HTTP client for the API server: every request and watch shares one connection pool, and every answer is a value.
// @kubernetes/client-node decides where the server is and how to prove who we are; its own requests are not used, because
// they open a new agent, and so a new TLS connection, each time. HTTP/1.1 on purpose: a watch that hangs holds up no other.
import { createHash } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, ProxyAgent, request, type buildConnector, type Dispatcher } from 'undici';

export type ApiCall = {
  readonly method?: 'GET' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Longest wait for the headers, and between two pieces of the body; default 30 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** `status` 0: no answer at all (refused, reset, timed out). `reason` is the API server's own word, e.g. `Conflict`. */
export type ApiFailure = {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs?: number;
};
export type ApiAnswer =
  { readonly ok: true; readonly object: unknown } | { readonly ok: false; readonly failure: ApiFailure };
export type ApiStream =
  | { readonly ok: true; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly ok: false; readonly failure: ApiFailure };

export type Api = {
  /** One request, one JSON answer. Never rejects. */
  request(call: ApiCall): Promise<ApiAnswer>;
  /** Opens a response that is read as it comes. Never rejects; reading may, when the connection is lost or silent. */
  stream(call: ApiCall): Promise<ApiStream>;
  close(): Promise<void>;
};

export type ApiOptions = {
  /** Told of each answer, for metrics; code `<error>` is client-go's word for no answer. */
  readonly onAnswer?: (answer: { readonly code: string; readonly method: string; readonly host: string }) => void;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
};

type Session = { readonly headers: Record<string, string>; readonly dispatcher: Dispatcher; readonly digest: string };

const sessionMs = 10_000; // client-node reads certificates and tokens from disk on each call: look for renewed ones this often
const defaultTimeoutMs = 30_000;

export function createApi(kubeConfig: KubeConfig, options: ApiOptions): Api {
  const server = new URL(kubeConfig.getCurrentCluster()?.server ?? 'https://kubernetes.invalid');
  const sessions = createSessions(kubeConfig, options.monotonic);

  async function send(call: ApiCall): Promise<Dispatcher.ResponseData | ApiFailure> {
    const method = call.method ?? 'GET';
    const answered = (code: string) => options.onAnswer?.({ code, method, host: server.host });
    try {
      const session = await sessions.current();
      const response = await request(target(server, call), {
        method,
        dispatcher: session.dispatcher,
        headers: { ...session.headers, accept: 'application/json', ...callHeaders(call) },
        headersTimeout: call.timeoutMs ?? defaultTimeoutMs,
        bodyTimeout: call.timeoutMs ?? defaultTimeoutMs,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.signal ? { signal: call.signal } : {}),
      });
      answered(String(response.statusCode));
      if (response.statusCode === 401) sessions.forget(); // a token that was just replaced
      return response.statusCode < 300 ? response : await failureOf(response);
    } catch (error) {
      answered('<error>');
      return unreachable(error);
    }
  }

  return {
    async request(call) {
      const response = await send(call);
      if (!('body' in response)) return { ok: false, failure: response };
      try {
        return { ok: true, object: await response.body.json() };
      } catch (error) {
        return { ok: false, failure: unreachable(error) };
      }
    },
    async stream(call) {
      const response = await send(call);
      return 'body' in response ? { ok: true, chunks: response.body } : { ok: false, failure: response };
    },
    close: () => sessions.close(),
  };
}

/** Credentials and the one dispatcher made from them; a new dispatcher only when the TLS material has changed. */
function createSessions(kubeConfig: KubeConfig, monotonic: () => number) {
  let session: Promise<Session> | undefined;
  let readAt = -Infinity;

  async function renew(before: Promise<Session> | undefined): Promise<Session> {
    const previous = await before?.catch(() => undefined);
    const next = await readSession(kubeConfig, previous);
    if (previous && previous.dispatcher !== next.dispatcher) void previous.dispatcher.close().catch(() => undefined);
    return next;
  }

  return {
    current(): Promise<Session> {
      if (session && monotonic() - readAt < sessionMs) return session;
      readAt = monotonic();
      session = renew(session);
      session.catch(() => (readAt = -Infinity));
      return session;
    },
    forget() {
      readAt = -Infinity;
    },
    async close() {
      await (await session?.catch(() => undefined))?.dispatcher.destroy();
    },
  };
}

async function readSession(kubeConfig: KubeConfig, previous: Session | undefined): Promise<Session> {
  const credentials: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = {};
  await kubeConfig.applyToHTTPSOptions(credentials);
  const { ca, cert, key, servername, rejectUnauthorized, auth } = credentials as Record<string, string | undefined>;
  const tls = JSON.stringify([ca, cert, key, servername, rejectUnauthorized].map((part) => part?.toString()));
  const digest = createHash('sha256').update(tls).digest('hex');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(credentials.headers ?? {})) headers[name] = String(value);
  if (auth) headers['authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  const dispatcher = previous?.digest === digest ? previous.dispatcher : createDispatcher(kubeConfig, credentials);
  return { headers, dispatcher, digest };
}

function createDispatcher(kubeConfig: KubeConfig, credentials: object): Dispatcher {
  const options = kubeConfig.createDispatcherOptions(kubeConfig.getCurrentCluster(), credentials);
  const pool = { allowH2: false, connections: 32 };
  switch (options.type) {
    case 'agent':
      return new Agent({ ...pool, connect: { ...(options.connect as buildConnector.BuildOptions), timeout: 10_000 } });
    case 'none':
      return new Agent(pool);
    case 'proxy':
      return new ProxyAgent({
        uri: options.uri,
        requestTls: options.requestTls as buildConnector.BuildOptions,
        ...pool,
      });
    case 'socks':
      throw new Error('the kubeconfig names a SOCKS proxy, which is not supported; use an HTTP proxy or none');
  }
}

function target(server: URL, { path, query }: ApiCall): URL {
  const url = new URL(server);
  url.pathname = `${server.pathname.replace(/\/$/, '')}${path}`;
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  return url;
}

function callHeaders(call: ApiCall): Record<string, string> {
  return {
    ...(call.accept ? { accept: call.accept } : {}),
    ...(call.contentType ? { 'content-type': call.contentType } : {}),
  };
}

async function failureOf(response: Dispatcher.ResponseData): Promise<ApiFailure> {
  const text = await response.body.text();
  const wait = Number(response.headers['retry-after']);
  return {
    status: response.statusCode,
    ...readStatus(text, response.statusCode),
    ...(wait > 0 ? { retryAfterMs: Math.min(wait, 60) * 1000 } : {}),
  };
}

/** The API server answers errors with a Status object; a proxy in between may answer anything. */
function readStatus(text: string, code: number): { reason: string; message: string } {
  try {
    const { reason, message } = JSON.parse(text) as { reason?: unknown; message?: unknown };
    return {
      reason: typeof reason === 'string' ? reason : '',
      message: typeof message === 'string' ? message : `HTTP ${code}`,
    };
  } catch {
    return { reason: '', message: `HTTP ${code}` };
  }
}

function unreachable(error: unknown): ApiFailure {
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  return { status: 0, reason: 'Unreachable', message: cause instanceof Error ? cause.message : String(cause) };
}
