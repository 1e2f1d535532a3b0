// The delivering half of a node on a real nats-server, without the accepting half: a test commits entries itself, plays the next
// hops, and sees every event. Times are short where a test would wait for them.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import type { Setback } from '@relayfleet/contract/setback.ts';
import type { DomainPolicy, Route, SignerKey, Smarthost, Snapshot } from '@relayfleet/contract/snapshot.ts';
import { openEventLog, type EventLog } from '@relayfleet/jetstream/event-log.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openMailQueue, type MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { createClock, readMachine } from '../../relay-node/src/clock.ts';
import { startDelivering, type DeliverDeps } from '../../relay-node/src/deliver.ts';
import type { DeliveryReport } from '../../relay-node/src/delivery-report.ts';
import { standardDeadlines } from '../../relay-node/src/delivery/smtp-client.ts';
import type { NatsServer } from './nats.ts';
import { anEnvelope, startQueue } from './queue.ts';
import { domainPolicy, platformPolicy, snapshotOf } from './snapshot.ts';
import { until } from './until.ts';

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const pairs = { rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }), ed25519: generateKeyPairSync('ed25519') };

export const signers: readonly SignerKey[] = [
  { selector: 'r', algorithm: 'rsa-sha256', privateKey: pem(pairs.rsa.privateKey) },
  { selector: 'e', algorithm: 'ed25519-sha256', privateKey: pem(pairs.ed25519.privateKey) },
];
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' });
/** TXT records of the signers, by name. */
export const dkimRecords: Readonly<Record<string, string>> = {
  'r._domainkey.shop.test': `v=DKIM1; k=rsa; p=${spki(pairs.rsa.publicKey).toString('base64')}`,
  'e._domainkey.shop.test': `v=DKIM1; k=ed25519; p=${spki(pairs.ed25519.publicKey).subarray(-32).toString('base64')}`,
};

export type RigReport = DeliveryReport & {
  readonly events: readonly MailEvent[];
  /** Platforms whose entries were put back, and why entries were buried, each once per time. */
  readonly heldBack: readonly string[];
  /** Once for each entry of a destination that had its share. */
  readonly surplus: readonly string[];
  readonly buriedBecause: readonly string[];
  readonly setbacks: readonly Setback[];
  readonly problems: readonly string[];
};

export type Rig = {
  readonly server: NatsServer;
  readonly nats: Nats;
  readonly queue: MailQueue;
  readonly log: EventLog;
  readonly report: RigReport;
  snapshot: Snapshot;
  /** In force; nodes see a change at once. */
  orders: readonly Order[];
  /** Starts a node; several are several nodes. It is stopped with the test. */
  start(changes?: Partial<DeliverDeps>): { stop(graceMs: number): Promise<void> };
  /** Commits one entry with an inline body, as the accepting half does. */
  commit(changes?: Parameters<typeof anEnvelope>[0], body?: Buffer): Promise<ReturnType<typeof anEnvelope>>;
  /** Waits until the queue holds entries in exactly these states (`ready`, `retry`, `deferred`, `dead`); none is empty. */
  entries(...states: readonly string[]): Promise<void>;
  /** The events of one type, once there are that many. */
  events<T extends MailEvent['type']>(
    type: T,
    count: number,
    withinMs?: number,
  ): Promise<Extract<MailEvent, { type: T }>[]>;
};

export const usualMail = Buffer.from(
  'From: Shop <info@shop.test>\r\nTo: someone@to.test\r\nSubject: Order\r\nMIME-Version: 1.0\r\n\r\nHello, your order.\r\n',
);

/** Smarthosts on this machine, in order, for every recipient domain. */
export function viaSmarthosts(...hosts: readonly (Partial<Smarthost> & { port: number })[]): Route[] {
  const usual = { host: '127.0.0.1', implicitTls: false, tls: 'Opportunistic' } as const;
  return [
    {
      name: 'all',
      recipientDomains: [],
      via: { kind: 'smarthosts', hosts: hosts.map((host) => ({ ...usual, ...host })) },
    },
  ];
}

export function snapshotWith(domain: Partial<DomainPolicy>, changes: Parameters<typeof snapshotOf>[0] = {}): Snapshot {
  return snapshotOf({
    domains: [domainPolicy({ signers: [...signers], ...domain })],
    platforms: [platformPolicy()],
    ...changes,
  });
}

export async function startRig(
  test: TestContext,
  snapshot: Snapshot,
  store: { readonly storageBytes?: number } = {},
): Promise<Rig> {
  const server = await startQueue(test, store);
  const nats = await server.connect('node');
  const queue = openMailQueue(nats, { timeoutMs: 2_000 });
  const log = openEventLog(nats);
  const report = openReport();
  const rig: Rig = {
    server,
    nats,
    queue,
    log,
    report,
    snapshot,
    orders: [],
    start: (changes = {}) => {
      const delivering = startDelivering({
        node: 'node-a',
        build: '1.0.0',
        snapshot: () => rig.snapshot,
        orders: () => rig.orders,
        queue,
        log,
        report,
        dnsServers: ['127.0.0.1:9'],
        smtpPort: 25,
        concurrency: 10,
        retryDelays: [500, 500, 1_000],
        clock: createClock(readMachine, () => {}),
        random: Math.random,
        deadlines: { ...standardDeadlines, connectMs: 1_000, greetingMs: 2_000, envelopeMs: 2_000, finalMs: 2_000 },
        pool: { idleMs: 300, mailsPerSession: 100, restMs: 100 },
        onAnswering: () => undefined,
        ...changes,
      });
      test.after(() => delivering.stop(0));
      return delivering;
    },
    commit: async (changes = {}, body = usualMail) => {
      const usual = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
      const recipients = [{ n: 0, address: 'someone@to.test' }];
      const envelope = anEnvelope({
        ...usual,
        destination: 'to.test',
        recipients,
        ...changes,
        body: { kind: 'inline', size: body.length },
      });
      const commit = await queue.commit([{ envelope, body }], 5_000);
      if (!commit.ok) throw new Error(commit.detail);
      return envelope;
    },
    entries: async (...states) => {
      let seen: readonly string[] = [];
      const look = async () => {
        seen = (await listEntries(nats, {})).map(({ state }) => state);
        return seen.toSorted().join() === states.toSorted().join();
      };
      const what = () => `entries ${states.join() || 'none'}, not ${seen.join()}; ${report.problems.join()}`;
      await until(what, look, { withinMs: 10_000 });
    },
    events: (type, count, withinMs = 15_000) => {
      type Wanted = Extract<MailEvent, { type: typeof type }>;
      const look = () => report.events.filter((event): event is Wanted => event.type === type);
      const what = () =>
        `${look().length} of ${count} ${type}: ${JSON.stringify(report.events)} ${report.problems.join()}`;
      return until(what, () => (look().length >= count ? look() : undefined), { withinMs, everyMs: 10 });
    },
  };
  return rig;
}

function openReport(): RigReport {
  const events: MailEvent[] = [];
  const heldBack: string[] = [];
  const surplus: string[] = [];
  const buriedBecause: string[] = [];
  const setbacks: Setback[] = [];
  const problems: string[] = [];
  const keep = (event: MailEvent) => void events.push(event);
  return {
    events,
    heldBack,
    surplus,
    buriedBecause,
    setbacks,
    problems,
    accepted: keep,
    attempted: keep,
    settled: keep,
    held: ({ platform }) => void heldBack.push(platform),
    pushedBack: ({ platform }) => void surplus.push(platform),
    setBack: ({ setback }) => void setbacks.push(setback),
    buried: ({ reason }) => void buriedBecause.push(reason),
    queueProblem: (what) => void problems.push(what),
    keyProblem: ({ problem }) => void problems.push(problem),
    deliveryDefect: (error) => void problems.push(String(error.stack)),
  };
}
