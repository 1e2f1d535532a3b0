// A fleet under random mail, random illness of its receivers, random deaths of its processes and random orders about its mail, for as
// long as is asked; then all of that ends, the queue runs empty, and the account is made. Everything is drawn from one seed. What
// happens between processes is not: the same seed is the same load and the same blows, not the same run to the millisecond.
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { eventsOf } from '@relayfleet/jetstream/inspect.ts';
import { openDraw, type Draw } from './draw.ts';
import { findingsOf, type Findings, type Submission } from './final-states.ts';
import { startFleet, type Fleet } from './fleet.ts';
import { isFirmNo } from './ledger.ts';
import { relayDomain, relayFleet, senderPlatform, usual, type Manifest } from './manifests.ts';
import { untilQueueIsEmpty } from './queue-view.ts';
import { startRandomKills, type Blow } from './random-kills.ts';
import { drawMail, perishable, platforms, receiverDomains, type RandomMail } from './random-mail.ts';
import { startRandomOrders, type RandomOrders } from './random-orders.ts';
import { startRandomPeers, type RandomPeers } from './random-peers.ts';
import { partAtPort } from './socket-owner.ts';
import { openSession, type Login, type Session, type Submitted } from './submit.ts';
import { until } from './until.ts';

export type RandomRunOptions = { readonly seed: string; readonly minutes: number };

export type RandomRun = {
  readonly storage: string;
  readonly submitted: number;
  readonly findings: Findings;
  readonly nodes: number;
  readonly blows: readonly Blow[];
  readonly fits: ReadonlyMap<string, number>;
  readonly orders: RandomOrders['done'];
  readonly unreadableNotices: readonly string[];
  readonly drainMs: number;
};

const nodes = 3;
/** A small one is full now and then: mail is then refused for a while, and what was accepted goes on. */
const storages = [
  [3, '1Gi'],
  [1, '64Mi'],
] as const;
const clients = 6;
/** nats-server is left alone at first: a blow to it explains second copies from ten seconds before to a minute after. */
const natsCalmShare = 1 / 4;
const shortestNatsCalmMs = 30_000;
const betweenMailsMs = { shortest: 20, longest: 1_500 };
/** An entry of the last node killed waits 30 s for it; surplus that was pushed back three times, four minutes in all. */
const drainPatienceMs = 300_000;

export async function runAtRandom(t: TestContext, { seed, minutes }: RandomRunOptions): Promise<RandomRun> {
  const draw = openDraw(seed);
  let fleet: Fleet | undefined;
  const peers = await startRandomPeers(draw.fork('peers'), (port) => fleet && ownerOf(port, fleet));
  t.after(() => peers.stop());
  const storage = draw.fork('storage').among(storages);
  const manifests = manifestsFor(peers.ports, storage);
  fleet = await startFleet(t, { nodes, retries: '1s,2s,4s', manifests: () => manifests(new Set()) });

  const natsCalmMs = Math.max(shortestNatsCalmMs, minutes * 60_000 * natsCalmShare);
  const kills = startRandomKills(draw.fork('kills'), fleet, { nodes, natsCalmMs });
  t.after(kills.stopWatching);
  const { apply } = fleet;
  const suspend = (names: ReadonlySet<string>) => apply('fleet.yaml', manifests(names));
  const orders = await startRandomOrders({ draw: draw.fork('orders'), fleet, destinations, suspend });
  t.after(orders.leave);
  const loaded = AbortSignal.timeout(minutes * 60_000);
  const submissions: Submission[] = [];
  await Promise.all(
    Array.from({ length: clients }, (_, client) =>
      send({ fleet, peers, submissions, loaded, draw: draw.fork(`client ${client}`), name: `c${client}` }),
    ),
  );
  await kills.end();
  peers.recover();

  const started = performance.now();
  const parts = ['nats-server', 'operator', ...Array.from({ length: nodes }, (_, n) => `node-${n + 1}`)];
  await until('all parts run', () => {
    const running = new Set(fleet.ready().parts.map(({ name }) => name));
    return parts.every((part) => running.has(part));
  });
  await orders.end();
  await untilQueueIsEmpty(fleet.ready, drainPatienceMs);
  const drainMs = Math.round(performance.now() - started);
  const record = await readRecord(fleet, submissions, peers);
  return {
    storage,
    submitted: submissions.length,
    findings: findingsOf({
      submissions,
      receipts: peers.receipts,
      notices: peers.notices,
      drops: orders.drops,
      record,
    }),
    nodes,
    blows: kills.blows,
    fits: peers.fits,
    orders: orders.done,
    unreadableNotices: peers.unreadable,
    drainMs,
  };
}

function ownerOf(port: number, { ready }: Fleet): string | undefined {
  try {
    return partAtPort(ready(), port);
  } catch {
    return undefined; // no ready file at the moment
  }
}

const routeNames = ['r0', 'r1', 'r2', 'r3', 'everything'] as const;
/** As the queue names them: a route of smarthosts is one. */
const destinations = routeNames.map((name) => `${name}.${usual.domain}`);

/** `suspended`: names of platforms, and the domain's. */
function manifestsFor(
  ports: readonly number[],
  storage: string,
): (suspended: ReadonlySet<string>) => readonly Manifest[] {
  const host = (number: number) => ({ host: '127.0.0.1', port: ports[number] ?? 0 });
  const only = (domain: number, ...hosts: readonly number[]): Manifest => ({
    name: routeNames[domain],
    recipientDomains: [receiverDomains[domain]],
    smarthosts: hosts.map(host),
  });
  const routes = [only(0, 0), only(1, 1, 2), only(2, 2), only(3, 3), { name: routeNames[4], smarthosts: [host(4)] }];
  const platform = (name: string, suspended: boolean): Manifest => ({
    ...senderPlatform({
      domainRefs: [{ name: 'shop' }],
      purpose: name === 'news' ? 'Bulk' : 'Transactional',
      suspended,
      ...(name === perishable.platform ? { retry: { maxAge: perishable.maxAge } } : {}),
    }),
    metadata: { namespace: usual.namespace, name },
  });
  const { nats } = relayFleet()['spec'] as { nats: object };
  return (suspended) => [
    relayFleet({ nats: { ...nats, storage } }),
    relayDomain({ routes, suspended: suspended.has(usual.domain) }),
    ...platforms.map((name) => platform(name, suspended.has(name))),
  ];
}

type Client = {
  readonly fleet: Fleet;
  readonly peers: RandomPeers;
  readonly submissions: Submission[];
  readonly loaded: AbortSignal;
  readonly draw: Draw;
  readonly name: string;
};

/** One client after another connection breaks or pleases to end; each mail is offered once. */
async function send({ fleet, peers, submissions, loaded, draw, name }: Client): Promise<void> {
  const open = new Map<string, Session>();
  for (let sent = 0; !loaded.aborted; sent++) {
    const mail = drawMail(draw, `${name}m${sent}`);
    const node = draw.int(1, nodes);
    await delay(draw.scaled(betweenMailsMs.shortest, betweenMailsMs.longest));
    const stays = draw.chance(0.8);
    const session = await sessionFor(fleet, open, mail.platform, node);
    if (session === undefined) continue;
    peers.expect(mail.mark, mail.message);
    const offeredAt = Date.now();
    const result = mail.breaksOff ? await breakOff(session, mail) : await session.send(mail);
    const { mark, to, platform, wantsNotice, refused } = mail;
    const age = platform === perishable.platform ? { maxAgeMs: perishable.maxAgeMs } : {};
    submissions.push({ mark, to, platform, offeredAt, wantsNotice, refused, ...age, result });
    if (stays) continue;
    session.close();
    open.delete(mail.platform);
  }
  for (const session of open.values()) session.close();
}

/** The connection there is, or one to this node; undefined when it does not let us in. */
async function sessionFor(fleet: Fleet, open: Map<string, Session>, platform: string, node: number) {
  const present = open.get(platform);
  if (present?.isOpen() === true) return present;
  try {
    const session = await openSession(fleet.listener(node), loginOf(fleet, platform));
    open.set(platform, session);
    return session;
  } catch {
    return undefined; // dead, paused or not configured yet
  }
}

function loginOf(fleet: Fleet, platform: string): Login {
  const { platforms: known, caFile } = fleet.ready();
  const found = known.find(({ name }) => name === platform);
  if (found === undefined) throw new Error(`no platform ${platform} in the ready file`);
  return { ...found, ca: readFileSync(caFile, 'utf8') };
}

async function breakOff(session: Session, { from, to, message }: RandomMail): Promise<Submitted> {
  try {
    for (const line of [`MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`), 'DATA'])
      await session.command(line);
    await session.write(message.subarray(0, message.length / 2));
  } catch {
    // The node was quicker.
  }
  session.close();
  return { kind: 'unanswered', problem: 'the client broke off', dotSent: false };
}

/** Of every mail that may have been stored. */
async function readRecord(fleet: Fleet, submissions: readonly Submission[], { receipts }: RandomPeers) {
  const seen = new Map(receipts.map(({ mark, id }) => [mark, id]));
  const ids = submissions.map(({ mark, result }) =>
    result.kind === 'accepted' ? result.id : isFirmNo(result) ? undefined : seen.get(mark),
  );
  const { url, reader } = fleet.ready().nats;
  const nats = await connectNats({ url, ...reader, role: 'reader', name: 'test' });
  try {
    const record = new Map<string, readonly MailEvent[]>();
    for (const id of ids) if (id !== undefined) record.set(id, await eventsOf(nats, id));
    return record;
  } finally {
    await nats.close();
  }
}
