// Starts a relay node and stops it: wiring only. Configuration, telemetry, NATS, snapshot, then the two halves of the mail's way.
// Not ready before a snapshot is held. On SIGTERM: nothing new in, what is in DATA or being sent finishes, the rest goes back.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { Bootstrap } from '@relayfleet/contract/bootstrap.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import { tellAnswering, type Answering } from '@relayfleet/jetstream/answering.ts';
import { openAcknowledger } from '@relayfleet/jetstream/acknowledgements.ts';
import { openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { watchOrders } from '@relayfleet/jetstream/orders.ts';
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
import { createResolver } from './routing/dns.ts';
import { ownAddressCheck } from './routing/own-addresses.ts';
import { watchQueue, type QueueWatch, type QueueWatchDeps } from './queue-watch.ts';
import { destinationOf } from './routing/route.ts';
import { watchSmarthosts } from './routing/smarthost-watch.ts';
import { bootstrapReader, readBootstrap } from './snapshot/bootstrap-file.ts';
import { followSnapshot, type Following } from './snapshot/follow.ts';

/** For mail under way. With the last words about it, and leave taken of NATS, an end comes within Kubernetes' 30 s, come what may. */
const graceMs = 20_000;
const lastMs = 28_000;
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
    setTimeout(() => {
      node.log.warn(
        'stopped, not everything could be handed back: NATS is away or slow, and gives it to another node in time',
      );
      process.exit(0);
    }, lastMs).unref();
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
  const { config, events, facts } = node;
  const onAway = (away: boolean) =>
    (facts.natsAwaySince = away ? (facts.natsAwaySince ?? performance.now()) : undefined);
  const leave = (problem: string) => abandon(node, problem);
  const nats = await linkToNats({ node: config.node, settings, events, onAway, abandon: leave });
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
  const isOwnAddress = ownAddressCheck(config.listeners, config.smtpPort, localAddresses());
  const onAnswering = (waiting: Answering) => tellAnswering(nats, waiting);
  const build = version();
  const delivery = {
    ...config,
    build,
    queue,
    log,
    report: events,
    clock,
    random: Math.random,
    isOwnAddress,
    onAnswering,
  };
  const presented = followCertificate(node, certificate, () => accepting?.refreshTls());
  let accepting: Accepting | undefined;
  let delivering: ReturnType<typeof startDelivering> | undefined;
  let orders: readonly Order[] | undefined;
  /** Not before orders are known: mail that somebody holds must not leave because a node has just started. */
  const deliver = () => {
    const snapshot = following.current();
    if (snapshot === undefined || orders === undefined || facts.stopping) return;
    const inForce = { snapshot: () => following.current() ?? snapshot, orders: () => orders ?? [] };
    delivering ??= startDelivering({ ...delivery, ...inForce });
  };

  const smarthosts = watchSmarthosts({
    dns: createResolver({ servers: config.dnsServers, now: clock.elapsed }),
    snapshot: () => following.current(),
    later,
    onChange: () => void following.acknowledge(),
  });
  const following: Following = followSnapshot({
    reader: openConfigReader(nats),
    acknowledger: openAcknowledger(nats, config.node),
    bootstrap: bootstrapReader(config.bootstrapDir, bootstrap),
    node: config.node,
    version: build,
    events,
    now,
    later,
    ready: () => readinessProblems(factsNow(node)).length === 0,
    onAdopt: () => {
      facts.configured = true;
      accepting?.refreshTls();
      deliver();
      void smarthosts.look();
    },
    missingHosts: () => smarthosts.missing(),
  });
  const stopOrders = watchOrders(nats, (latest, unread) => {
    orders = latest;
    events.ordersInForce({ standing: latest, unread });
    deliver();
  });
  const room = watchRoom(node, nats, () => following.current()?.fleet);
  const { marks } = room;
  const mail = { queue, log, events, patience, bodyMemory, randomBytes, destinationOf, now, clocks: readMachine };
  const acceptance = { ...config, ...mail, marks };
  const sources = { certificate: presented.current, snapshot: () => following.current() };
  accepting = await startAccepting({ ...acceptance, ...sources }).catch((error: Error) =>
    abandon(node, `cannot listen: ${error.message}`),
  );
  facts.listening = true;
  events.listening(accepting.listeners);
  void following.acknowledge(); // readiness may have changed

  const stop = async () => {
    presented.stop();
    smarthosts.stop();
    stopOrders();
    room.stop();
    await Promise.all([accepting.stop(graceMs), delivering?.stop(graceMs), following.acknowledge()]);
    await Promise.all([following.stop(), log.close()]);
  };
  return { stop };
}

/** One reading of the queue for those who ask whether there is room, and for the metrics. */
function watchRoom({ clock, events, metrics }: Node, nats: Nats, fleet: QueueWatchDeps['fleet']): QueueWatch {
  const watch = watchQueue({
    read: () => nats.whileConnected(streamStates(nats)),
    fleet,
    now: clock.elapsed,
    onLook: (marks, levels) => events.queueLooked(marks, levels),
  });
  metrics.onCollect(async () => showQueue(metrics.of, watch.states()));
  return watch;
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

function localAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
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
