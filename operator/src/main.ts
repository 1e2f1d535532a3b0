// Starts the operator and stops it: wiring only. Configuration, telemetry, the provider, then the loop (loop.ts).
// Ready once everything has been read for the first time. On SIGTERM what is under way ends, and nothing else begins.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { serveTelemetry } from '@relayfleet/telemetry/http.ts';
import { createLog, sayError } from '@relayfleet/telemetry/log.ts';
import { createMetrics, type Metrics } from '@relayfleet/telemetry/metrics.ts';
import { createBackoff } from './backoff.ts';
import { readConfig, type Config } from './config.ts';
import { createEvents, type OperatorEvents } from './events.ts';
import { createLoop, steps, type Loop } from './loop.ts';
import { operatorMetrics, type OperatorMetrics } from './metrics.ts';
import { mint } from './mint/mint.ts';
import { hashPassword } from './mint/password.ts';
import { openFleetLink, type Connection, type LinkConnection } from './observe/fleet-link.ts';
import { createFleetLinks, type FleetLinks } from './observe/fleet-links.ts';
import { openConnection } from './observe/nats-connection.ts';
import type { Provider } from './provider/provider.ts';
import { openProvider } from './provider/open-provider.ts';
import { createPublisher } from './snapshot/publisher.ts';
import { startSweeper, type SweepEvents } from './sweep/sweeper.ts';

const random = (): number => randomBytes(4).readUInt32BE() / 2 ** 32;
const monotonic = (): number => performance.now();
const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
  await delay(ms, undefined, { signal }).catch(() => undefined);
};
const later = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** An event loop that stood still longer than this is broken. */
const stallMs = 60_000;
const tickMs = 5_000;

await main();

async function main(): Promise<void> {
  const reading = readConfig(process.env);
  if (!reading.ok) return refuse(2, reading.problems);
  const { config } = reading;
  const write = (line: string) => void process.stdout.write(line);
  const log = createLog({ write, clock: Date.now, level: config.logLevel, fields: { program: 'operator' } });
  const metrics = createMetrics(operatorMetrics, { runtime: true });
  const events = createEvents(log, metrics);

  const opened = await openProvider(config.provider, {
    events,
    now: Date.now,
    newUid: randomUUID,
    random,
    sleep,
    monotonic,
  });
  if (!opened.ok) return refuse(1, opened.problems);
  const { provider } = opened;
  const health = { synced: false, stopping: false };
  const telemetry = await serveHealth({ config, metrics, provider, health }).catch((cause: unknown) =>
    refuse(1, [`RELAYFLEET_TELEMETRY: ${sayError(cause)}; free the address or choose another`]),
  );

  const { loop, links } = wire(config, provider, events);
  metrics.onCollect(() => {
    for (const step of steps) metrics.of.queueDepth.set({ name: step }, loop.depth(step));
  });
  const stop = async (signal: string): Promise<void> => {
    if (health.stopping) return;
    health.stopping = true;
    events.stopping(signal);
    await loop.stop();
    await links.close();
    await provider.close();
    await telemetry.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));

  await provider.start(() => loop.trigger());
  health.synced = true;
  events.started(config.provider.kind);
  loop.trigger();
}

function wire(config: Config, provider: Provider, events: OperatorEvents): { loop: Loop; links: FleetLinks } {
  const clocks = { now: Date.now, monotonic };
  const links = createFleetLinks((connection: LinkConnection) =>
    openFleetLink(connection, {
      ...clocks,
      events,
      sleep,
      connect: () => connectAndSweep(connection, events),
      publisher: createPublisher({ ...clocks, noteGeneration: noteGeneration(provider) }),
      backoff: createBackoff({ baseMs: 250, maxMs: 5_000, random }),
      onChange: () => loop.trigger(),
    }),
  );
  const mintDeps = { now: Date.now, randomBytes };
  const loop = createLoop({
    ...clocks,
    provider,
    links,
    events,
    random,
    later,
    fixed: config,
    mint: (request) => mint(request, mintDeps),
    hash: hashPassword,
  });
  return { loop, links };
}

/** A fleet is swept for as long as its connection is open. */
async function connectAndSweep({ fleet, account }: LinkConnection, events: SweepEvents): Promise<Connection> {
  const connection = await openConnection(account);
  const sweeper = startSweeper(fleet, { mail: connection.mail, events, now: Date.now, monotonic, sleep });
  return {
    ...connection,
    async close() {
      await Promise.all([connection.close(), sweeper.stop()]);
    },
  };
}

/** As publishing needs it: not noted is not published. */
function noteGeneration(provider: Provider) {
  return async (...[ref, generation]: Parameters<Provider['noteGeneration']>): Promise<void> => {
    const written = await provider.noteGeneration(ref, generation);
    if (!written.ok) throw new Error(`generation ${generation} cannot be noted: ${written.problem}`);
  };
}

type Served = {
  readonly config: Config;
  readonly metrics: Metrics<OperatorMetrics>;
  readonly provider: Provider;
  readonly health: { readonly synced: boolean; readonly stopping: boolean };
};

function serveHealth({ config, metrics, provider, health }: Served) {
  let lastTick = monotonic();
  setInterval(() => (lastTick = monotonic()), tickMs).unref();
  const healthz = () => (monotonic() - lastTick > stallMs ? ['the event loop stood still'] : []);
  const readyz = () => [
    ...healthz(),
    ...(health.stopping ? ['stopping'] : []),
    ...(health.synced ? [] : ['not everything has been read yet']),
    ...provider.problems(),
  ];
  return serveTelemetry({ ...config.telemetry, metrics, healthz, readyz });
}

function refuse(code: number, problems: readonly string[]): never {
  for (const problem of problems) process.stderr.write(`operator: ${problem}\n`);
  process.exit(code);
}
