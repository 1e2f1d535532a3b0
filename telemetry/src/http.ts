// The plain HTTP server beside each program: /metrics for Prometheus, /healthz and /readyz for probes, nothing else.
// Probes answer in words, so that `kubectl describe pod` says why.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { MetricDefinitions, Metrics } from './metrics.ts';

/** What stands against it, in words; empty means yes. */
export type Check = () => readonly string[];

export type TelemetryServer = { readonly host: string; readonly port: number; close(): Promise<void> };

/** Serves /metrics, /healthz (is the process alive and of use) and /readyz (should it get work). Port 0 picks one. */
export async function serveTelemetry(options: {
  readonly host: string;
  readonly port: number;
  readonly metrics: Pick<Metrics<MetricDefinitions>, 'expose'>;
  readonly healthz: Check;
  readonly readyz: Check;
}): Promise<TelemetryServer> {
  const { host, metrics, healthz, readyz } = options;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/metrics') void answerMetrics(metrics, request, response);
    else if (path === '/healthz') answerCheck(healthz, response);
    else if (path === '/readyz') answerCheck(readyz, response);
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('try /metrics, /healthz or /readyz\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new Error(`cannot serve metrics on ${host}:${options.port}`, { cause })));
    server.listen(options.port, host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { host, port, close };
}

function answerCheck(check: Check, response: ServerResponse): void {
  const problems = check();
  response
    .writeHead(problems.length === 0 ? 200 : 503, { 'content-type': 'application/json' })
    .end(`${JSON.stringify({ ok: problems.length === 0, problems })}\n`);
}

async function answerMetrics(
  metrics: Pick<Metrics<MetricDefinitions>, 'expose'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const wantsOpenMetrics = request.headers.accept?.includes('application/openmetrics-text') ?? false;
  try {
    const { contentType, text } = await metrics.expose(wantsOpenMetrics ? 'openmetrics' : 'prometheus');
    response.writeHead(200, { 'content-type': contentType }).end(text);
  } catch {
    response.writeHead(500, { 'content-type': 'text/plain' }).end('the metrics could not be collected\n');
  }
}
