// One attempt to send a mail on: hops in order, addresses of each, a session, the conversation, until every recipient has a fact.
// Composes routing, delivery and the question whether the next hop may be asked; what the facts mean is not asked here.
import type { Envelope, Recipient } from '@relayfleet/contract/envelope.ts';
import type { DomainPolicy, FleetPolicy } from '@relayfleet/contract/snapshot.ts';
import type { Connections, HopFailure, Leased } from './delivery/connections.ts';
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
};

export type Shipment = {
  readonly envelope: Envelope;
  /** The signed message, in pieces. */
  readonly pieces: readonly Buffer[];
  readonly policy: DomainPolicy;
  readonly fleet: FleetPolicy;
};

export type Found = { readonly recipient: Recipient; readonly fact: HopFailure; readonly hop: string | null };
export type Attempted = { readonly found: readonly Found[]; readonly journey: Journey };

/** RFC 5321 §4.5.3.1.8: every server takes 100 recipients; more might be refused. */
const recipientsPerMail = 100;
/** No further hop or address is begun after this. */
const searchMs = 300_000;

/** Tries every recipient once. The journey is that of the conversation that got furthest, the last one of several. */
export async function attempt(shipment: Shipment, deps: AttemptDeps): Promise<Attempted> {
  const results: Attempted[] = [];
  for (const group of groups(shipment)) results.push(await attemptGroup(shipment, group, deps));
  return {
    found: results.flatMap(({ found }) => found),
    journey:
      results.findLast(({ journey }) => journey.transferMs !== null)?.journey ?? results.at(-1)?.journey ?? nowhere,
  };
}

const nowhere: Journey = { hop: null, tls: null, connectMs: null, transferMs: null };

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

async function attemptGroup(shipment: Shipment, group: readonly Recipient[], deps: AttemptDeps): Promise<Attempted> {
  const hops = await nextHops(shipment.policy, domainOf(group[0]!.address), deps.routing);
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

type Try = { readonly shipment: Shipment; readonly recipients: readonly Recipient[]; readonly hop: Hop };

async function tryHop(given: Try, deps: AttemptDeps): Promise<Attempted> {
  const first = await converse(given, deps, false);
  // A session that waited may have been closed by the peer in the same moment: nothing was sent, so nobody need know.
  if (!first.stale) return first.attempted;
  return (await converse(given, deps, true)).attempted;
}

async function converse(
  given: Try,
  deps: AttemptDeps,
  fresh: boolean,
): Promise<{ attempted: Attempted; stale: boolean }> {
  const { recipients, hop } = given;
  const started = deps.now();
  const leased = await lease(given, deps, fresh);
  const connected = deps.now();
  const journey = { hop: hop.host, tls: null, connectMs: connected - started, transferMs: null };
  if (!leased.ok) return { attempted: { found: allOf(recipients, leased.fact, hop.host), journey }, stale: false };
  const { session, reused, end } = leased.lease;
  const sent: Sent = await session.send(outgoing(given)).catch((error: unknown) => {
    end(false); // a defect must not keep the session
    throw error;
  });
  end(sent.reusable);
  return {
    attempted: {
      found: recipients.map((recipient, i) => ({ recipient, fact: sent.facts[i]!, hop: hop.host })),
      journey: { ...journey, tls: session.tls, transferMs: deps.now() - connected },
    },
    stale: reused && !sent.begun && sent.facts.every(isHopsFault),
  };
}

function lease({ shipment: { fleet }, hop }: Try, deps: AttemptDeps, fresh: boolean): Promise<Leased> {
  return deps.connections.lease({
    // Whatever decides how a session is opened and whether it may be: two mails share one only if all of it is equal.
    key: JSON.stringify([hop, fleet.helloName, fleet.allowedPrivateNetworks]),
    limit: fleet.limits.connectionsPerDestination,
    open: () => openHop(hop, fleet, deps),
    fresh,
  });
}

/** The first of the hop's addresses that lets us in. */
async function openHop(
  hop: Hop,
  fleet: FleetPolicy,
  deps: AttemptDeps,
): Promise<Opened | { ok: false; fact: HopFailure }> {
  const { deadlines, signal, now } = deps;
  const started = now();
  const found = await addressesOf(hop.host, deps.guardOf(fleet), deps.routing);
  if (!found.ok) return { ok: false, fact: found.failure };
  let fact: HopFailure = { kind: 'no-address' };
  for (const address of found.addresses) {
    const opened = await openSession({ hop, address, helloName: fleet.helloName, deadlines, signal });
    if (opened.ok) return opened;
    fact = opened.fact;
    if (signal.aborted || now() - started > searchMs) break;
  }
  return { ok: false, fact };
}

function outgoing({ shipment: { envelope, pieces }, recipients }: Try): OutgoingMail {
  const { sender, eightBit, smtputf8, ret, envid } = envelope;
  return { sender, recipients, pieces, eightBit, smtputf8, ret, envid };
}

function allOf(recipients: readonly Recipient[], fact: HopFailure, hop: string | null): readonly Found[] {
  return recipients.map((recipient) => ({ recipient, fact, hop }));
}
