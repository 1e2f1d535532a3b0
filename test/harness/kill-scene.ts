// A place to kill things in at exact moments: a nats-server, one relay node as a process of its own behind a tripwire, and a next
// hop that does as it is told. After each kill the one who died is started again, and an account is given of the mail in question.
// An entry whose node died is another's after 2 s here, not after 30 s: nothing else differs from a fleet's streams.
import type { TestContext } from 'node:test';
import { consumerSettings } from '@relayfleet/contract/stream-settings.ts';
import { consumers } from '@relayfleet/contract/subjects.ts';
import { eventsOf, listEntries } from '@relayfleet/jetstream/inspect.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { jetstreamManager, type ConsumerUpdateConfig } from '@nats-io/jetstream';
import { signers } from './delivery-rig.ts';
import { startHandMadeFleet, type HandMadeFleet } from './hand-made-fleet.ts';
import { idOf, markedMessage, markOf } from './ledger.ts';
import { startTripwire, type Moment, type Tripwire } from './nats-tripwire.ts';
import { startNode, type RunningNode } from './programs.ts';
import { startPeer, type ScriptedPeer } from './scripted-peer.ts';
import { domainPolicy, fleetPolicy, snapshotContent, usualLogin } from './snapshot.ts';
import { openSession, type Session, type Submitted } from './submit.ts';
import { until } from './until.ts';

/** Who dies, and how; one that is paused stands still until it is revived, and then goes on where it was. */
export type Victim = keyof typeof signals;

const signals = {
  node: 'SIGKILL',
  'nats-server': 'SIGKILL',
  'nats-server, stopped': 'SIGTERM',
  'nats-server, paused': 'SIGSTOP',
} as const;

/** A row of a table of kills: at which step, of a case of what kind, at which moment. */
export type KillStep<Case, When = Moment> = { readonly name: string; readonly of: Case; readonly moment: When };

export type KillScene = {
  readonly fleet: HandMadeFleet;
  readonly peer: ScriptedPeer;
  readonly tripwire: Tripwire;
  /** With an open log-in at the node that runs now. */
  session(): Promise<Session>;
  /** A mail to `to`, offered over `session`; `size` is about that of its body. */
  offer(session: Session, mail: { readonly to: readonly string[]; readonly size?: number }): Promise<Offered>;
  /** Now. */
  kill(victim: Victim): void;
  /** Kills at the moment; resolves when that has happened. */
  killAt(victim: Victim, moment: Moment): Promise<void>;
  /** Starts again whoever was killed, and waits until it is of use. */
  revive(victim: Victim): Promise<void>;
  /** Waits until nothing is queued any more. */
  settled(): Promise<void>;
  account(mail: Offered): Promise<Account>;
};

export type Offered = { readonly mark: string; readonly result: Submitted };

export type Account = {
  /** How often the next hop said 250 to it, by recipient. */
  readonly copies: Readonly<Record<string, number>>;
  /** Notices about it that arrived. */
  readonly notices: number;
  /** Destinations for which its end is on record, and all it says of them, added up. */
  readonly settled: number;
  readonly delivered: number;
  readonly bounced: number;
};

const takeoverMs = 2_000;

/** Where mail for `*.a.test`, `*.b.test` and everybody else goes are three destinations, one next hop. */
export async function startKillScene(t: TestContext): Promise<KillScene> {
  const fleet = await startHandMadeFleet(t);
  await shortenTakeover(await fleet.nats.connect('operator'));
  const peer = await startPeer();
  t.after(() => peer.goAway());
  await fleet.publish(1, { content: contentFor(peer.port) });
  const tripwire = await startTripwire(t, { port: Number(new URL(fleet.nats.url).port) });
  const bootstrap = fleet.bootstrapVia('bootstrap-tripwire', tripwire.url);
  const reader = await fleet.nats.connect('reader');
  const launch = nodeLauncher({ t, directory: fleet.directory }, { bootstrap, tls: fleet.tls });
  let node = await launch();
  let marks = 0;

  const kill = (victim: Victim): void =>
    void process.kill(victim === 'node' ? node.pid : fleet.nats.pid(), signals[victim]);
  const revivals: Readonly<Record<Victim, () => Promise<void>>> = {
    node: async () => void (node = await launch()),
    'nats-server': async () => {
      await fleet.nats.kill9(); // waits for its end
      await fleet.nats.restart();
    },
    'nats-server, stopped': () => fleet.nats.restart(), // waits for its end, too
    'nats-server, paused': async () => {
      await until('the node has left it', () => hasLeft(node), { withinMs: 30_000 });
      fleet.nats.resume();
    },
  };
  const revive = async (victim: Victim): Promise<void> => {
    await revivals[victim]();
    await node.untilReady();
  };
  return {
    fleet,
    peer,
    tripwire,
    session: () => openSession(node.implicit, { user: usualLogin.username, ...usualLogin, ca: fleet.ca }),
    offer: async (session, { to, size = 0 }) => {
      const mark = `k${++marks}`;
      const from = 'orders@shop.test';
      const body = size === 0 ? undefined : `${'x'.repeat(98)}\r\n`.repeat(size / 100);
      const result = await session.send({ from, to, message: markedMessage({ mark, from, to, body }) });
      return { mark, result };
    },
    kill,
    killAt: (victim, moment) =>
      tripwire.arm(moment, () => {
        kill(victim);
        return victim === 'nats-server, paused' ? 'pass' : 'stop'; // what was sent to it, it finds when it goes on
      }),
    revive,
    settled: () => untilEmpty(reader, () => node.log().slice(-2_000)),
    account: (mail) => accountOf(mail, peer, reader),
  };
}

/** Starts a node, each under a name of its own; resolves when it is ready. */
function nodeLauncher(
  site: Parameters<typeof startNode>[0],
  mounts: { readonly bootstrap: string; readonly tls: string },
): () => Promise<RunningNode> {
  const env = { RELAYFLEET_RETRY_DELAYS: '1s', RELAYFLEET_CONCURRENCY: '4' };
  let started = 0;
  return async () => {
    const node = await startNode(site, { ...mounts, env, name: `node-${++started}` });
    await node.untilReady();
    return node;
  };
}

async function untilEmpty(reader: Nats, lastWords: () => string): Promise<void> {
  let left: readonly string[] = [];
  await until(
    () => `an empty queue; in it: ${left.join(', ')}; the node says:\n${lastWords()}`,
    async () => {
      if (!(await reader.connectedWithin(5_000))) return false;
      left = (await listEntries(reader, {})).map(({ subject }) => subject);
      return left.length === 0;
    },
    { withinMs: 60_000, everyMs: 100 },
  );
}

/** The connection was lost and not made again. */
function hasLeft({ log }: RunningNode): boolean {
  const text = log();
  return text.lastIndexOf('connection to NATS lost') > text.lastIndexOf('connected to NATS');
}

async function accountOf({ mark, result }: Offered, { mails }: ScriptedPeer, reader: Nats): Promise<Account> {
  const copies: Record<string, number> = {};
  const own = mails.filter(({ raw }) => markOf(raw) === mark);
  for (const address of own.flatMap(({ to }) => to)) copies[address] = (copies[address] ?? 0) + 1;
  const quoted = new RegExp(`^X-Ledger: ${mark}\\r?$`, 'm');
  const notices = mails.filter(({ from, raw }) => from === '' && quoted.test(raw.toString('latin1'))).length;
  const id = result.kind === 'accepted' ? result.id : own.map(({ raw }) => idOf(raw))[0];
  const events = id === undefined ? [] : await eventsOf(reader, id);
  const ends = events.filter((event) => event.type === 'settled');
  return {
    copies,
    notices,
    settled: ends.length,
    delivered: ends.reduce((sum, { totals }) => sum + totals.delivered, 0),
    bounced: ends.reduce((sum, { totals }) => sum + totals.bounced, 0),
  };
}

/** An entry whose node is silent is another’s after 2 s. */
export async function shortenTakeover(operator: Nats): Promise<void> {
  const manager = await jetstreamManager(operator.nc, { checkAPI: false });
  for (const key of ['transactional', 'retry'] as const) {
    const { stream, name } = consumers[key];
    const settings = { ...consumerSettings(key, 1), ack_wait: takeoverMs * 1_000_000 };
    await manager.consumers.update(stream, name, settings as unknown as ConsumerUpdateConfig);
  }
}

function contentFor(port: number) {
  const host = { host: '127.0.0.1', port, implicitTls: false, tls: 'Opportunistic' } as const;
  const via = { kind: 'smarthosts', hosts: [host] } as const;
  const routes = [
    { name: 'a', recipientDomains: ['a.test'], via: { ...via, hosts: [host] } },
    { name: 'b', recipientDomains: ['b.test'], via: { ...via, hosts: [host] } },
    { name: 'rest', recipientDomains: [], via: { ...via, hosts: [host] } },
  ];
  const limits = { ...fleetPolicy().limits, maxMessageBytes: 5_000_000 };
  return snapshotContent({
    fleet: fleetPolicy({ limits }),
    domains: [domainPolicy({ signers: [...signers], routes })],
  });
}
