// Starts a relay node and stops it: wiring only. Configuration, telemetry, NATS, snapshot, then the two halves of the mail's way.
// Not ready before a snapshot is held. On SIGTERM: nothing new in, what is in DATA or being sent finishes, the rest goes back.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bootstrap } from '@relayfleet/contract/bootstrap.ts';
import { checkServer } from '@relayfleet/jetstream/check-server.ts';
import { openAcknowledger } from '@relayfleet/jetstream/acknowledgements.ts';
import { openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import { connectNats, type Nats } from '@relayfleet/jetstream/connect.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { streamStates } from '@relayfleet/jetstream/stream-states.ts';
import { serveTelemetry } from '@relayfleet/telemetry/http.ts';
import { createLog, type Log } from '@relayfleet/telemetry/log.ts';
import { createMetrics, type Metrics } from '@relayfleet/telemetry/metrics.ts';
import { patience, startAccepting, type Accepting } from './accept.ts';
import { readConfig, type Config } from './config.ts';
import { startDelivering } from './deliver.ts';
import { createNodeEvents, type NodeEvents } from './events.ts';
import { livenessProblems, readinessProblems, tickMs, type NodeFacts } from './health.ts';
import { loadCertificate, watchCertificate, type Certificate } from './ingress/certificate.ts';
import { nodeMetrics, showQueue, type NodeMetrics } from './metrics.ts';
import { destinationOf } from './routing/route.ts';
import { bootstrapReader, readBootstrap } from './snapshot/bootstrap-file.ts';
import { followSnapshot, type Following } from './snapshot/follow.ts';

/** Within the 30 s that Kubernetes gives a pod to end. */
const graceMs = 25_000;
const queueTryMs = 5_000;
const signals = ['SIGTERM', 'SIGINT'] as const;

type Node = {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics<NodeMetrics>;
  readonly events: NodeEvents;
  /** What health is judged by; written as things happen. */
  readonly facts: { -readonly [K in keyof NodeFacts]: NodeFacts[K] };
};

await main();

async function main(): Promise<void> {
  const node = prepare();
  const bootstrap = readBootstrap(node.config.bootstrapDir);
  if (!bootstrap.ok) return abandon(node, bootstrap.problem);
  const certificate = loadCertificate(node.config.tlsDir);
  if (!certificate.ok) return abandon(node, certificate.problem);

  const stopEarly = () => process.exit(0); // nothing is under way yet
  for (const signal of signals) process.once(signal, stopEarly);
  const telemetry = await serveHealth(node);
  const nats = await openNats(node, bootstrap.value);
  const halves = await startHalves(node, { nats, bootstrap: bootstrap.value, certificate: certificate.certificate });
  for (const signal of signals) {
    process.off(signal, stopEarly);
    process.once(
      signal,
      () =>
        void halves
          .stop()
          .then(() => Promise.all([nats.close(), telemetry.close()]))
          .then(() => process.exit(0)),
    );
  }
}

function prepare(): Node {
  const reading = readConfig(process.env);
  if (!reading.ok) {
    for (const problem of reading.problems) process.stderr.write(`relay-node: ${problem}\n`);
    process.exit(2);
  }
  const { config } = reading;
  const write = (line: string) => void process.stdout.write(line);
  const fields = { program: 'relay-node', node: config.node };
  const log = createLog({ write, clock: Date.now, level: config.logLevel, fields });
  const metrics = createMetrics(nodeMetrics, { runtime: true });
  const now = performance.now();
  const facts = {
    now,
    natsAwaySince: now,
    configured: false,
    listening: false,
    stopping: false,
    fatal: undefined,
    lastTick: now,
  };
  return { config, log, metrics, events: createNodeEvents(log, metrics), facts };
}

async function serveHealth({ config, metrics, facts }: Node): Promise<{ close(): Promise<void> }> {
  setInterval(() => (facts.lastTick = performance.now()), tickMs).unref();
  const asOfNow = () => ({ ...facts, now: performance.now() });
  const checks = { healthz: () => livenessProblems(asOfNow()), readyz: () => readinessProblems(asOfNow()) };
  return serveTelemetry({ ...config.telemetry, metrics, ...checks });
}

/** Waits for NATS as long as it takes; ends the process when NATS refuses us or cannot hold mail safely. */
async function openNats(node: Node, { nats: settings }: Bootstrap): Promise<Nats> {
  const { config, events, facts, metrics } = node;
  const named = { url: settings.url, username: settings.username, password: settings.password, name: config.node };
  const ca = settings.ca === undefined ? {} : { ca: settings.ca };
  const nats = await connectNats({ ...named, ...ca, role: 'node' }, { waitOnFirstConnect: true }).catch(
    (error: Error) => abandon(node, error.message),
  );
  const connected = (server: string) => {
    facts.natsAwaySince = undefined;
    events.natsConnection(true, server);
  };
  connected(nats.nc.getServer());
  nats.onStatus((status) => {
    if (status.kind === 'connected') {
      connected(status.server);
      void demandFitness(node, nats); // it may have come back as another version
    } else {
      if (status.kind === 'disconnected') facts.natsAwaySince ??= performance.now();
      events.natsConnection(nats.isConnected(), status.kind === 'refused' ? status.detail : undefined);
    }
  });
  void nats.closed.then((error) => error && abandon(node, `NATS connection ended: ${error.message}`));
  metrics.onCollect(async () => showQueue(metrics.of, nats.isConnected() ? await streamStates(nats) : undefined));
  await demandFitness(node, nats);
  return nats;
}

async function demandFitness(node: Node, nats: Nats): Promise<void> {
  for (;;) {
    try {
      const fitness = await checkServer(nats);
      return fitness.ok ? undefined : abandon(node, fitness.problem);
    } catch {
      await delay(1_000); // it does not answer; that it is away is known already
    }
  }
}

type Surroundings = { readonly nats: Nats; readonly bootstrap: Bootstrap; readonly certificate: Certificate };

/** Follows the configuration, accepts, and delivers from the first snapshot on. */
async function startHalves(
  node: Node,
  { nats, bootstrap, certificate: first }: Surroundings,
): Promise<{ stop(): Promise<void> }> {
  const { config, events, facts } = node;
  const queue = openMailQueue(nats, { timeoutMs: queueTryMs });
  const log = openEventLog(nats);
  let certificate = first;
  let accepting: Accepting | undefined;
  let delivering: ReturnType<typeof startDelivering> | undefined;
  const delivery = { queue, log, report: events, now: Date.now, random: Math.random };

  const following: Following = followSnapshot({
    reader: openConfigReader(nats),
    acknowledger: openAcknowledger(nats, config.node),
    bootstrap: bootstrapReader(config.bootstrapDir, bootstrap),
    node: config.node,
    version: version(),
    ready: () => readinessProblems({ ...facts, now: performance.now() }).length === 0,
    onAdopt: (snapshot) => {
      facts.configured = true;
      accepting?.refreshTls();
      delivering ??= startDelivering({ ...config, ...delivery, snapshot: () => following.current() ?? snapshot });
    },
    events,
    now: Date.now,
    later,
  });
  accepting = await startAccepting({
    ...{ ...config, queue, log, events, patience, randomBytes, destinationOf, now: Date.now },
    certificate: () => certificate,
    snapshot: following.current,
  }).catch((error: Error) => abandon(node, `cannot listen: ${error.message}`));
  facts.listening = true;
  node.log.info('listening', { listeners: accepting.listeners });
  void following.acknowledge();

  events.certificateInUse(certificate.expiresAt);
  const stopWatching = watchCertificate(config.tlsDir, (loaded) => {
    if (!loaded.ok) return events.certificateRefused(loaded.problem);
    certificate = loaded.certificate;
    accepting.refreshTls();
    events.certificateInUse(certificate.expiresAt);
  });
  const stop = async () => {
    facts.stopping = true;
    node.log.info('stopping', { graceMs });
    stopWatching();
    await Promise.all([accepting.stop(graceMs), delivering?.stop(graceMs), following.acknowledge()]);
    await Promise.all([following.stop(), log.close()]);
    node.log.info('stopped');
  };
  return { stop };
}

function later(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Says why and ends the process; whoever supervises it starts another. */
function abandon(node: Node, problem: string): never {
  node.log.error('relay node cannot run', { problem });
  process.exit(1);
}
