// One attempt to send a mail on: hops in order, addresses of each, a session, the conversation, until every recipient has a fact.
// Composes routing, delivery and the question whether the next hop may be asked; what the facts mean is not asked here.
import type { Envelope, Recipient } from '@relayfleet/contract/envelope.ts';
import type { DomainPolicy, FleetPolicy } from '@relayfleet/contract/snapshot.ts';
import type { Connections, HopFailure, Leased } from './delivery/connections.ts';
import type { Fact } from './delivery/facts.ts';
import { openSession, type Deadlines, type Opened, type OutgoingMail, type Sent } from './delivery/smtp-client.ts';
import { isHopsFault } from './outcome/classify.ts';
import type { Journey } from './outcome/record.ts';
import type { AddressGuard } from './routing/address-guard.ts';
import { addressesOf, nextHops, type Hop, type RoutingDeps } from './routing/next-hops.ts';
import { destinationOf } from './routing/route.ts';

export type AttemptDeps = {
  readonly routing: RoutingDeps;
  readonly guardOf: (fleet: FleetPolicy) => AddressGuard;
  readonly connections: Connections;
  readonly deadlines: Deadlines;
  readonly now: () => number;
  /** Ends every conversation at once. */
  readonly signal: AbortSignal;
  /** A defect of ours ended the attempt after somebody had, or may have, taken the mail. */
  readonly onDefect: (error: Error) => void;
};

export type Shipment = {
  readonly envelope: Envelope;
  /**
   * Reads and signs it: asked once, and only when there is a hop that is not left alone, so that mail for a dead destination costs
   * neither. Where it cannot be had, the fact is about every recipient.
   */
  readonly message: () => Promise<SignedMessage>;
  readonly policy: DomainPolicy;
  readonly fleet: FleetPolicy;
};

export type SignedMessage =
  ({ readonly ok: true } & Pick<OutgoingMail, 'pieces' | 'rest'>) | { readonly ok: false; readonly fact: Fact };

export type Found = { readonly recipient: Recipient; readonly fact: HopFailure; readonly hop: string | null };
export type Attempted = { readonly found: readonly Found[]; readonly journey: Journey };

/** RFC 5321 §4.5.3.1.8: every server takes 100 recipients; more might be refused. */
const recipientsPerMail = 100;
/** At so many addresses of one hop may a mail fail in one attempt: more would be hammering. */
const addressesPerHop = 3;
/** No further hop or address is begun after this. */
const searchMs = 300_000;

/** A shipment on its way, and what was found in each conversation about it so far. */
type Underway = Shipment & { readonly said: Attempted[] };

/**
 * Tries every recipient once. The journey is that of the conversation that got furthest, the last one of several. Rejects for defects
 * alone, and only while nobody can have taken the mail: from then on what is known has to be recorded, or it would be sent again.
 */
export async function attempt(given: Shipment, deps: AttemptDeps): Promise<Attempted> {
  let message: ReturnType<Shipment['message']> | undefined;
  const shipment: Underway = { ...given, message: () => (message ??= given.message()), said: [] };
  const results: Attempted[] = [];
  try {
    for (const group of groups(shipment)) results.push(await attemptGroup(shipment, group, deps));
  } catch (error) {
    if (!shipment.said.some(({ found }) => found.some(({ fact }) => mayBeTaken(fact)))) throw error;
    deps.onDefect(error as Error);
    return { found: knownOf(shipment), journey: furthest(shipment.said) };
  }
  return { found: results.flatMap(({ found }) => found), journey: furthest(results) };
}

const nowhere: Journey = { hop: null, tls: null, connectMs: null, transferMs: null };

function furthest(results: readonly Attempted[]): Journey {
  const sending = results.findLast(({ journey }) => journey.transferMs !== null);
  return (sending ?? results.at(-1))?.journey ?? nowhere;
}

function mayBeTaken(fact: HopFailure): boolean {
  return fact.kind === 'taken' || (fact.kind === 'lost' && fact.dotSent);
}

/** What was found last about each recipient; whoever's turn had not come waits like after a stop. */
function knownOf({ envelope, said }: Underway): readonly Found[] {
  const known = new Map(said.flatMap(({ found }) => found.map((one) => [one.recipient.n, one] as const)));
  return envelope.recipients.map(
    (recipient) => known.get(recipient.n) ?? { recipient, fact: { kind: 'interrupted' }, hop: null },
  );
}

/** Recipients that share their next hops. The policy may have changed since they were queued together. */
function groups({ envelope, policy }: Shipment): readonly (readonly Recipient[])[] {
  const byDestination = Map.groupBy(envelope.recipients, ({ address }) => destinationOf(policy, domainOf(address)));
  return [...byDestination.values()].flatMap((recipients) =>
    Array.from({ length: Math.ceil(recipients.length / recipientsPerMail) }, (_, i) =>
      recipients.slice(i * recipientsPerMail, (i + 1) * recipientsPerMail),
    ),
  );
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

async function attemptGroup(shipment: Underway, group: readonly Recipient[], deps: AttemptDeps): Promise<Attempted> {
  const { policy, fleet } = shipment;
  const recipientDomain = domainOf(group[0]!.address);
  const hops = await nextHops({ policy, recipientDomain, helloName: fleet.helloName }, deps.routing);
  if (!hops.ok) return { found: allOf(group, hops.failure, null), journey: nowhere };
  const started = deps.now();
  const decided: Found[] = [];
  let open: readonly Found[] = group.map((recipient) => ({ recipient, fact: { kind: 'no-address' }, hop: null }));
  let journey = nowhere;
  for (const hop of hops.hops) {
    const tried = await tryHop({ shipment, recipients: open.map(({ recipient }) => recipient), hop }, deps);
    journey = tried.journey;
    decided.push(...tried.found.filter(({ fact }) => !isHopsFault(fact)));
    open = tried.found.filter(({ fact }) => isHopsFault(fact));
    if (open.length === 0 || deps.signal.aborted || deps.now() - started > searchMs) break;
  }
  return { found: [...decided, ...open], journey };
}

type Try = {
  readonly shipment: Underway;
  readonly recipients: readonly Recipient[];
  readonly hop: Hop;
  /** Addresses of the hop that failed already. */
  readonly avoid: ReadonlySet<string>;
};

/** One hop; where its fault shows only after it let us in, at another of its addresses too. RFC 5321 §5.1 */
async function tryHop(given: Omit<Try, 'avoid'>, deps: AttemptDeps): Promise<Attempted> {
  const avoid = new Set<string>();
  const decided: Found[] = [];
  let tried = await converse({ ...given, avoid }, deps, false);
  // A session that waited may have been closed by the peer in the same moment: nothing was sent, so nobody need know.
  if (tried.stale) tried = await converse({ ...given, avoid }, deps, true);
  for (let more = addressesPerHop - 1; more > 0 && !deps.signal.aborted; more--) {
    const open = tried.found.filter(({ fact }) => isHopsFault(fact));
    if (open.length === 0 || tried.address === undefined) break;
    avoid.add(tried.address);
    if (!(await hasAddressBeyond(given, avoid, deps))) break;
    decided.push(...tried.found.filter((one) => !open.includes(one)));
    tried = await converse({ ...given, recipients: open.map(({ recipient }) => recipient), avoid }, deps, true);
  }
  return { found: [...decided, ...tried.found], journey: tried.journey };
}

async function hasAddressBeyond(
  { hop, shipment }: Pick<Try, 'hop' | 'shipment'>,
  avoid: ReadonlySet<string>,
  deps: AttemptDeps,
): Promise<boolean> {
  const found = await addressesOf(hop.host, deps.guardOf(shipment.fleet), deps.routing);
  return found.ok && found.addresses.some((address) => !avoid.has(address));
}

type Conversed = Attempted & {
  /** The address that let us in. */
  readonly address?: string;
  /** The session had waited, and nothing was said over it. */
  readonly stale: boolean;
};

async function converse(given: Try, deps: AttemptDeps, fresh: boolean): Promise<Conversed> {
  const { shipment, recipients, hop } = given;
  const resting = deps.connections.restOf(keyOf(given));
  if (resting !== undefined) return unsaid(given, resting, { ...nowhere, hop: hop.host, connectMs: 0 });
  const message = await shipment.message();
  if (!message.ok) return unsaid(given, message.fact, nowhere);
  const started = deps.now();
  const leased = await lease(given, deps, fresh);
  const connected = deps.now();
  const journey = { hop: hop.host, tls: null, connectMs: connected - started, transferMs: null };
  if (!leased.ok) return unsaid(given, leased.fact, journey);
  const { session, reused, end } = leased.lease;
  const { sender, eightBit, smtputf8, ret, envid } = shipment.envelope;
  const { pieces, rest } = message;
  const mail: OutgoingMail = { sender, recipients, pieces, rest, eightBit, smtputf8, ret, envid };
  const sent: Sent = await session.send(mail).catch((error: unknown) => {
    end(false); // a defect must not keep the session
    throw error;
  });
  const found = recipients.map((recipient, i) => ({ recipient, fact: sent.facts[i]!, hop: hop.host }));
  const result = { found, journey: { ...journey, tls: session.tls, transferMs: deps.now() - connected } };
  shipment.said.push(result);
  end(sent.reusable);
  return {
    ...result,
    address: session.address,
    stale: reused && !sent.begun && sent.facts.every(isHopsFault),
  };
}

function unsaid({ recipients }: Try, fact: HopFailure, journey: Journey): Conversed {
  return { found: allOf(recipients, fact, journey.hop), journey, stale: false };
}

/** Whatever decides how a session is opened and whether it may be: two mails share one only if all of it is equal. */
function keyOf({ shipment: { fleet }, hop }: Try): string {
  return JSON.stringify([hop, fleet.helloName, fleet.allowedPrivateNetworks]);
}

function lease(given: Try, deps: AttemptDeps, fresh: boolean): Promise<Leased> {
  const { fleet } = given.shipment;
  return deps.connections.lease({
    key: keyOf(given),
    limit: fleet.limits.connectionsPerDestination,
    open: () => openHop(given, fleet, deps),
    fresh,
  });
}

/** The first of the hop's addresses that lets us in. */
async function openHop(
  { hop, avoid }: Pick<Try, 'hop' | 'avoid'>,
  fleet: FleetPolicy,
  deps: AttemptDeps,
): Promise<Opened | { ok: false; fact: HopFailure }> {
  const { deadlines, signal, now } = deps;
  const started = now();
  const found = await addressesOf(hop.host, deps.guardOf(fleet), deps.routing);
  if (!found.ok) return { ok: false, fact: found.failure };
  let fact: HopFailure = { kind: 'no-address' };
  for (const address of found.addresses.filter((one) => !avoid.has(one))) {
    const opened = await openSession({ hop, address, helloName: fleet.helloName, deadlines, signal });
    if (opened.ok) return opened;
    fact = opened.fact;
    if (signal.aborted || now() - started > searchMs) break;
  }
  return { ok: false, fact };
}

function allOf(recipients: readonly Recipient[], fact: HopFailure, hop: string | null): readonly Found[] {
  return recipients.map((recipient) => ({ recipient, fact, hop }));
}
