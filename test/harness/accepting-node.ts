// The accepting half of a relay node inside the test's process: real listeners, a real nats-server behind them, and a snapshot
// the test may replace at any moment. What it accepted is read back from the stream itself.
import { randomBytes } from 'node:crypto';
import { decodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import type { Snapshot, SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import { streams } from '@relayfleet/contract/subjects.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { openMailQueue, type MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { streamStates } from '@relayfleet/jetstream/stream-states.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { bodyMemory, patience, startAccepting, type Accepting, type Patience } from '@relayfleet/relay-node/accept.ts';
import { readMachine } from '@relayfleet/relay-node/clock.ts';
import type { NodeEvents } from '@relayfleet/relay-node/events.ts';
import { noMarks } from '@relayfleet/relay-node/policy/admission.ts';
import { watchQueue } from '@relayfleet/relay-node/queue-watch.ts';
import { destinationOf } from '@relayfleet/relay-node/routing/route.ts';
import { jetstreamManager } from '@nats-io/jetstream';
import { makeCertificate, type TestCertificate } from './certificate.ts';
import { startNats, type NatsOptions, type NatsServer } from './nats.ts';
import { wholeBody } from './queue.ts';
import { until } from './until.ts';
import { dial, plain, type DialOptions, type Dialogue } from './smtp-dialogue.ts';
import { snapshotOf, usualLogin } from './snapshot.ts';

export type Stored = { readonly envelope: Envelope; readonly body: Buffer };
export type Reported = { readonly name: string; readonly args: readonly unknown[] };

export type AcceptingNode = {
  readonly implicitPort: number;
  readonly startTlsPort: number;
  readonly nats: NatsServer;
  readonly queue: MailQueue;
  readonly accepting: Accepting;
  /** Every business event so far. */
  readonly reported: readonly Reported[];
  hold(changes: Partial<SnapshotContent> | undefined): void;
  present(certificate: TestCertificate): void;
  /** Implicit TLS, EHLO and the usual login done. */
  loggedIn(client?: { readonly localAddress?: string }): Promise<Dialogue>;
  /** Resolves once the queue was looked at from now on. */
  looked(): Promise<void>;
  /** Every entry in the mail stream, bodies fetched. */
  stored(): Promise<readonly Stored[]>;
  stop(): Promise<void>;
};

export type AcceptingOptions = {
  readonly content?: Partial<SnapshotContent>;
  readonly patience?: Partial<Patience>;
  readonly storageBytes?: number;
  readonly bodyMemory?: number;
  /** Looks at the queue's fill so often, and refuses mail at its marks; absent: never. */
  readonly watchEveryMs?: number;
  readonly nats?: NatsOptions;
};

export async function startAcceptingNode(options: AcceptingOptions = {}): Promise<AcceptingNode> {
  const nats = await startNats(options.nats);
  const operator = await nats.connect('operator');
  const ensured = await ensureStreams(operator, {
    replicas: 1,
    eventRetentionMs: 3_600_000,
    storageBytes: options.storageBytes ?? 1e9,
  });
  if (!ensured.ok) throw new Error(ensured.problem);
  const [reader, connection] = [await nats.connect('reader'), await nats.connect('node')];
  const queue = openMailQueue(connection, { timeoutMs: 1_000 });
  const reported: Reported[] = [];
  let snapshot: Snapshot | undefined = snapshotOf(options.content);
  let certificate = makeCertificate();
  const { watchEveryMs: everyMs } = options;
  let looks = 0;
  const looking = { fleet: () => snapshot?.fleet, now: () => performance.now(), onLook: () => void looks++ };
  const read = () => streamStates(connection);
  const watch = everyMs === undefined ? undefined : watchQueue({ ...looking, read, everyMs });
  const accepting = await startAccepting({
    node: 'node-0',
    listeners: [
      { mode: 'implicit', host: '127.0.0.1', port: 0 },
      { mode: 'starttls', host: '127.0.0.1', port: 0 },
    ],
    certificate: () => ({ ...certificate, expiresAt: 0 }),
    snapshot: () => snapshot,
    marks: () => watch?.marks() ?? noMarks,
    queue,
    log: openEventLog(connection),
    events: recording(reported),
    destinationOf,
    now: Date.now,
    clocks: readMachine,
    randomBytes,
    patience: { ...patience, ...options.patience },
    bodyMemory: options.bodyMemory ?? bodyMemory,
  });
  const [implicitPort = 0, startTlsPort = 0] = accepting.listeners.map(({ port }) => port);
  return {
    implicitPort,
    startTlsPort,
    nats,
    queue,
    accepting,
    reported,
    hold: (changes) => {
      snapshot = changes && snapshotOf(changes);
      accepting.refreshTls();
    },
    present: (next) => {
      certificate = next;
      accepting.refreshTls();
    },
    loggedIn: (client) => logIn({ port: implicitPort, tls: true, ...client }),
    looked: async () => {
      const sure = looks + 2; // one look may be under way
      await until('the queue was looked at', () => looks >= sure, { everyMs: 10 });
    },
    stored: () => storedEntries(reader, queue),
    stop: async () => {
      watch?.stop();
      await accepting.stop(0);
      await nats.stop();
    },
  };
}

async function logIn(options: DialOptions): Promise<Dialogue> {
  const dialogue = await dial(options);
  await dialogue.reply();
  await dialogue.say('EHLO client.test');
  const answer = await dialogue.say(`AUTH PLAIN ${plain(usualLogin.username, usualLogin.password)}`);
  if (answer.code !== 235) throw new Error(answer.text);
  return dialogue;
}

async function storedEntries(nats: Nats, queue: MailQueue): Promise<readonly Stored[]> {
  if (!(await nats.connectedWithin(10_000))) throw new Error('nats-server is away');
  const manager = await jetstreamManager(nats.nc);
  const { state } = await manager.streams.info(streams.mail);
  const found: Stored[] = [];
  for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
    const message = await manager.direct.getMessage(streams.mail, { seq });
    const entry = message && decodeEntry(message.data);
    if (!entry?.ok || entry.value.bodyProblem) throw new Error(`entry ${seq} cannot be read`);
    const body = await wholeBody(queue, entry.value.envelope, entry.value.body);
    if (body === undefined) throw new Error(`entry ${seq} has no body`);
    found.push({ envelope: entry.value.envelope, body: Buffer.from(body) });
  }
  return found;
}

/** Remembers every call instead of logging and counting. */
function recording(reported: Reported[]): NodeEvents {
  const call =
    (name: string) =>
    (...args: unknown[]) =>
      void reported.push({ name, args });
  return new Proxy({} as NodeEvents, { get: (_, name) => call(String(name)) });
}
