// Starts a relay node and stops it: wiring only. Configuration, telemetry, NATS, snapshot, then the two halves of the mail's way.
// Not ready before a snapshot is held. On SIGTERM: nothing new in, what is in DATA or being sent finishes, the rest goes back.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Bootstrap } from '@relayfleet/contract/bootstrap.ts';
import { openAcknowledger } from '@relayfleet/jetstream/acknowledgements.ts';
import { openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { streamStates } from '@relayfleet/jetstream/stream-states.ts';
import { serveTelemetry } from '@relayfleet/telemetry/http.ts';
import { gatherLines } from '@relayfleet/telemetry/line-buffer.ts';
import { createLog, type Log } from '@relayfleet/telemetry/log.ts';
import { createMetrics, type Metrics } from '@relayfleet/telemetry/metrics.ts';
import { bodyMemory, patience, startAccepting, type Accepting } from './accept.ts';
import { createClock, readMachine, type Clock } from './clock.ts';
import { readConfig, type Config } from './config.ts';
import { startDelivering } from './deliver.ts';
import { createNodeEvents, type NodeEvents } from './events.ts';
import { livenessProblems, readinessProblems, tickMs, type NodeFacts } from './health.ts';
import { loadCertificate, watchCertificate, type Certificate } from './ingress/certificate.ts';
import { nodeMetrics, showQueue, type NodeMetrics } from './metrics.ts';
import { linkToNats } from './nats-link.ts';
import { destinationOf } from './routing/route.ts';
import { bootstrapReader, readBootstrap } from './snapshot/bootstrap-file.ts';
import { followSnapshot, type Following } from './snapshot/follow.ts';

/** Within the 30 s that Kubernetes gives a pod to end. */
const graceMs = 25_000;
/** One try of a write to the queue. */
const queueTryMs = 5_000;
const signals = ['SIGTERM', 'SIGINT'] as const;

type Node = {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics<NodeMetrics>;
  readonly events: NodeEvents;
  readonly clock: Clock;
  /** What health is judged by; written as things happen. Times are of the monotonic clock. */
  readonly facts: { -readonly [K in keyof Omit<NodeFacts, 'now'>]: NodeFacts[K] };
};

/**
 * The garbage collector's patience. A mail is many short-lived buffers, which V8 counts like old objects: at full load it went
 * through the whole heap twice a second, 15 % of the node's CPU time in its own threads; with this, once in three seconds. It stays
 * within half of the memory limit that Node takes from its container.
 */
setFlagsFromString('--heap-growing-percent=400');
await main();

async function main(): Promise<void> {
  const node = prepare();
  const bootstrap = readBootstrap(node.config.bootstrapDir);
  if (!bootstrap.ok) return abandon(node, bootstrap.problem);
  const certificate = loadCertificate(node.config.tlsDir);
  if (!certificate.ok) return abandon(node, certificate.problem);
  const whenStopped = onSignal(() => process.exit(0)); // nothing is under way yet

  const telemetry = await serveHealth(node);
  const nats = await openNats(node, bootstrap.value);
  const halves = await startHalves(node, { nats, bootstrap: bootstrap.value, certificate: certificate.certificate });
  const stop = async () => {
    node.facts.stopping = true;
    node.log.info('stopping', { graceMs });
    await halves.stop();
    await Promise.all([nats.close(), telemetry.close()]);
    node.log.info('stopped');
    process.exit(0);
  };
  whenStopped(() => void stop());
}

function prepare(): Node {
  const reading = readConfig(process.env);
  if (!reading.ok) {
    for (const problem of reading.problems) process.stderr.write(`relay-node: ${problem}\n`);
    process.exit(2);
  }
  const { config } = reading;
  const { write, flush } = gatherLines((lines) => void process.stdout.write(lines), setImmediate);
  process.once('exit', flush);
  const fields = { program: 'relay-node', node: config.node };
  // Lines carry the machine's own time: they are read beside those of other programs.
  const log = createLog({ write, clock: Date.now, level: config.logLevel, fields });
  const metrics = createMetrics(nodeMetrics, { runtime: true });
  const now = performance.now();
  const beginnings = { configured: false, listening: false, stopping: false, fatal: undefined };
  const facts = { ...beginnings, natsAwaySince: now, lastTick: now };
  const events = createNodeEvents(log, metrics);
  const clock = createClock(readMachine, (news) => events.clockChanged(news));
  return { config, log, metrics, events, clock, facts };
}

async function serveHealth(node: Node): Promise<{ close(): Promise<void> }> {
  setInterval(() => {
    node.facts.lastTick = performance.now();
    node.clock.now(); // a jump shows by being looked at, also while no mail asks
  }, tickMs).unref();
  const checks = { healthz: () => livenessProblems(factsNow(node)), readyz: () => readinessProblems(factsNow(node)) };
  const { telemetry } = node.config;
  return serveTelemetry({ ...telemetry, metrics: node.metrics, ...checks }).catch((error: Error) =>
    abandon(node, error.message),
  );
}

async function openNats(node: Node, { nats: settings }: Bootstrap): Promise<Nats> {
  const { config, events, facts, metrics } = node;
  const onAway = (away: boolean) =>
    (facts.natsAwaySince = away ? (facts.natsAwaySince ?? performance.now()) : undefined);
  const leave = (problem: string) => abandon(node, problem);
  const nats = await linkToNats({ node: config.node, settings, events, onAway, abandon: leave });
  metrics.onCollect(async () => showQueue(metrics.of, nats.isConnected() ? await streamStates(nats) : undefined));
  return nats;
}

type Surroundings = { readonly nats: Nats; readonly bootstrap: Bootstrap; readonly certificate: Certificate };

/** Follows the configuration, accepts, and delivers from the first snapshot on. */
async function startHalves(
  node: Node,
  { nats, bootstrap, certificate }: Surroundings,
): Promise<{ stop(): Promise<void> }> {
  const { config, events, facts, clock } = node;
  const { now } = clock;
  const queue = openMailQueue(nats, { timeoutMs: queueTryMs });
  const log = openEventLog(nats, () => events.queueProblem('accepted-event'));
  const delivery = { ...config, queue, log, report: events, clock, random: Math.random };
  const presented = followCertificate(node, certificate, () => accepting?.refreshTls());
  let accepting: Accepting | undefined;
  let delivering: ReturnType<typeof startDelivering> | undefined;

  const following: Following = followSnapshot({
    reader: openConfigReader(nats),
    acknowledger: openAcknowledger(nats, config.node),
    bootstrap: bootstrapReader(config.bootstrapDir, bootstrap),
    node: config.node,
    version: version(),
    events,
    now,
    later,
    ready: () => readinessProblems(factsNow(node)).length === 0,
    onAdopt: (snapshot) => {
      facts.configured = true;
      accepting?.refreshTls();
      delivering ??= startDelivering({ ...delivery, snapshot: () => following.current() ?? snapshot });
    },
  });
  const acceptance = { ...config, queue, log, events, patience, bodyMemory, randomBytes, destinationOf, now };
  const sources = { certificate: presented.current, snapshot: () => following.current() };
  accepting = await startAccepting({ ...acceptance, ...sources }).catch((error: Error) =>
    abandon(node, `cannot listen: ${error.message}`),
  );
  facts.listening = true;
  events.listening(accepting.listeners);
  void following.acknowledge(); // readiness may have changed

  const stop = async () => {
    presented.stop();
    await Promise.all([accepting.stop(graceMs), delivering?.stop(graceMs), following.acknowledge()]);
    await Promise.all([following.stop(), log.close()]);
  };
  return { stop };
}

/** The certificate in use, exchanged whenever its files hold another one that can be used. */
function followCertificate({ config, events }: Node, first: Certificate, onChange: () => void) {
  let current = first;
  events.certificateInUse(current.expiresAt);
  const stop = watchCertificate(config.tlsDir, (loaded) => {
    if (!loaded.ok) return events.certificateRefused(loaded.problem);
    current = loaded.certificate;
    onChange();
    events.certificateInUse(current.expiresAt);
  });
  return { current: () => current, stop };
}

/** Runs `work` at the first signal to end; the function returned replaces it. */
function onSignal(work: () => void): (next: () => void) => void {
  let current = work;
  for (const signal of signals) process.once(signal, () => current());
  return (next) => (current = next);
}

function factsNow({ facts }: Node): NodeFacts {
  return { ...facts, now: performance.now() };
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
