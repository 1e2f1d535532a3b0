// Second half of the mail's way, top to bottom: take an entry, see where it stands, sign, send, judge, conclude.
// Composes the stages; decides nothing a stage could decide. What it promises: an entry is acknowledged only after its outcome is
// durable, and one that comes again is not sent again once its attempt is recorded.
import { setTimeout as delay } from 'node:timers/promises';
import { decodeEntry, envelopeVersion, type Envelope } from '@relayfleet/contract/envelope.ts';
import type { AcceptedEvent, AttemptedEvent, SettledEvent } from '@relayfleet/contract/event.ts';
import { documentVersion } from '@relayfleet/contract/parse.ts';
import type { DomainPolicy, Snapshot } from '@relayfleet/contract/snapshot.ts';
import { ackExtendMs, type ConsumerKey } from '@relayfleet/contract/subjects.ts';
import type { EventLog } from '@relayfleet/jetstream/event-log.ts';
import type { MailQueue, Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { attempt, domainOf, type AttemptDeps } from './attempt.ts';
import type { Clock } from './clock.ts';
import { bury, conclude, insist, type ConcludeDeps, type Conclusion, type Job } from './conclude.ts';
import { openConnections, standardPool, type PoolSettings } from './delivery/connections.ts';
import { standardDeadlines, type Deadlines } from './delivery/smtp-client.ts';
import { handBack, hold, untilDue } from './not-now.ts';
import { classify, type OwnFact } from './outcome/classify.ts';
import { attemptedEvent, settledEvent, standing, type Journey, type Outcome } from './outcome/record.ts';
import { isLate, isTooOld, nextDue, standardDelays, standardLateMs } from './outcome/schedule.ts';
import { createHoldCheck } from './policy/suspension.ts';
import { createGuards } from './routing/address-guard.ts';
import { createResolver } from './routing/dns.ts';
import { destinationOf } from './routing/route.ts';
import { createKeyring, type SigningKey } from './signing/keys.ts';
import { sign } from './signing/sign.ts';

/** What delivery tells the rest of the node; `NodeEvents` has these methods. */
export type DeliveryReport = {
  accepted(event: AcceptedEvent): void;
  /** `hop` is the host name tried last, empty when none was. */
  attempted(event: AttemptedEvent, hop: string): void;
  settled(event: SettledEvent): void;
  /** An entry was put back unsent: its domain, platform or fleet is suspended. */
  held(event: { readonly platform: string; readonly domain: string }): void;
  /** An entry no node could work on went to the dead letters. */
  buried(event: { readonly subject: string; readonly reason: string }): void;
  /** The queue or the event log did not take a write or answer a read; it is being tried again. */
  queueProblem(what: string): void;
  /** A key of a domain cannot be used. */
  keyProblem(problem: { readonly domain: string; readonly problem: string }): void;
  /** A defect of ours; the entry comes again. */
  deliveryDefect(error: Error): void;
};

export type DeliverDeps = {
  /** Name of this node, for events. */
  readonly node: string;
  /** The snapshot in force; delivery is started once there is one. */
  readonly snapshot: () => Snapshot;
  readonly queue: MailQueue;
  readonly log: EventLog;
  readonly report: DeliveryReport;
  /** `ip:port` of the name servers to ask; empty means the system's. */
  readonly dnsServers: readonly string[];
  /** What port 25 of a next hop means here. */
  readonly smtpPort: number;
  /** Entries worked on at once, per lane. */
  readonly concurrency: number;
  /** Milliseconds between attempts, the last one repeats; empty means the standard schedule. */
  readonly retryDelays: readonly number[];
  /** Milliseconds after which the sender of a waiting mail is told; absent: the standard three hours. */
  readonly lateMs?: number;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
  readonly deadlines?: Deadlines;
  readonly pool?: PoolSettings;
};

/** A lane's share of `concurrency`. Each lane has its own slots, so that none can starve another. */
const shares: Readonly<Record<ConsumerKey, number>> = { transactional: 1, retry: 0.5, bulk: 0.5 };
/**
 * After this many deliveries without a recorded attempt, the entry itself is what ends its workers. Not fewer: a worker that dies
 * takes every entry it holds one delivery along, and those are not at fault.
 */
const poisonDeliveries = 20;
const afterDefectMs = 1_000;
const lastWordsMs = 3_000;

/** Starts taking entries; returns at once. `stop` finishes what is under way within the grace and hands the rest back. */
export function startDelivering(deps: DeliverDeps): { stop(graceMs: number): Promise<void> } {
  const taking = new AbortController();
  const working = new AbortController();
  const courier = createCourier(deps, { taking: taking.signal, working: working.signal });
  const inHand = new Map<Taken, Promise<void>>();
  const extending = setInterval(() => inHand.forEach((_, taken) => taken.extend()), ackExtendMs);

  const follow = async (consumer: ConsumerKey) => {
    const maxMessages = Math.max(1, Math.ceil(deps.concurrency * shares[consumer]));
    for await (const taken of deps.queue.take(consumer, { maxMessages, signal: taking.signal }))
      inHand.set(
        taken,
        courier.work(taken, consumer).finally(() => inHand.delete(taken)),
      );
  };
  const following = Promise.all((Object.keys(shares) as ConsumerKey[]).map(follow));

  const stop = async (graceMs: number) => {
    taking.abort();
    courier.closeIdle();
    const finished = following.then(() => Promise.all(inHand.values()));
    await Promise.race([finished, delay(graceMs, undefined, { ref: false })]);
    working.abort();
    await Promise.race([finished, delay(lastWordsMs, undefined, { ref: false })]);
    clearInterval(extending);
  };
  return { stop };
}

type Context = DeliverDeps &
  ConcludeDeps & {
    readonly attempting: AttemptDeps;
    readonly keysOf: (policy: DomainPolicy) => readonly SigningKey[];
    readonly isHeld: (snapshot: Snapshot, envelope: Envelope) => boolean;
    /** Ends what has not begun. */
    readonly leaving: AbortSignal;
  };
type Signals = { readonly taking: AbortSignal; readonly working: AbortSignal };

function createCourier(deps: DeliverDeps, { taking, working: signal }: Signals) {
  const { clock, random, smtpPort } = deps;
  const { elapsed } = clock;
  const delays = deps.retryDelays.length > 0 ? deps.retryDelays : standardDelays;
  // Shorter than any wait between attempts, so that every attempt asks again.
  const restMs = Math.min(standardPool.restMs, Math.min(...delays) / 2);
  const connections = openConnections(deps.pool ?? { ...standardPool, restMs }, elapsed);
  const dns = createResolver({ servers: deps.dnsServers, now: elapsed });
  const routing = { dns, random, smtpPort };
  const deadlines = deps.deadlines ?? standardDeadlines;
  const attempting = { routing, guardOf: createGuards(), connections, deadlines, now: elapsed, signal };
  const context: Context = {
    ...deps,
    now: clock.now,
    retryDelays: delays,
    signal,
    leaving: taking,
    attempting,
    keysOf: createKeyring((problem) => deps.report.keyProblem(problem)),
    isHeld: createHoldCheck(),
  };
  const busy = new Map<string, Promise<void>>();

  /** One entry to its end. An entry that comes again while it is still being worked on here waits for that to end. */
  const work = async (taken: Taken, consumer: ConsumerKey): Promise<void> => {
    const name = taken.subject.split('.').slice(-2).join('.');
    const before = busy.get(name);
    const done = (before ?? Promise.resolve())
      .then(() => deliver(taken, consumer, context))
      .catch(async (error: Error) => {
        deps.report.deliveryDefect(error);
        await delay(afterDefectMs, undefined, { signal }).catch(() => undefined);
        taken.release();
      })
      .finally(() => busy.get(name) === done && busy.delete(name));
    busy.set(name, done);
    return done;
  };
  return { work, closeIdle: () => connections.close() };
}

async function deliver(taken: Taken, consumer: ConsumerKey, context: Context): Promise<void> {
  const entry = decodeEntry(taken.data);
  if (!entry.ok) return unreadable(taken, entry.problem, context);
  const job: Job = { taken, envelope: entry.value.envelope, inline: entry.value.body };
  const { envelope } = job;

  // where it stands
  const earlier = await lastRecord(job, consumer, context);
  if (!earlier.ok) return taken.release();
  const stands = standing(envelope, earlier.last);
  if (stands === 'superseded') return void (await taken.done());
  if (stands === 'recorded') return resume(job, earlier.last!, context);
  if (taken.deliveries >= poisonDeliveries) return bury(job, 'its workers end before an attempt is recorded', context);
  if (!(await untilDue(earlier.last, context))) return handBack(job, context);
  if (context.isHeld(context.snapshot(), envelope)) return hold(job, context);

  // route, sign, send
  const startedAt = context.now();
  const tried = await tryOnce(job, earlier.last?.nextDue ?? envelope.due, context);
  if (tried.kind === 'interrupted') return handBack(job, context);
  if (tried.kind === 'no-body') return bury(job, 'its body is missing or damaged', context);

  // record, tell, defer, acknowledge
  const conclusion = concludingFrom(envelope, { ...tried, startedAt }, context);
  await conclude(job, conclusion, context);
}

/** Newer nodes write entries we cannot read: those are left for them. Anything else unreadable is dead. */
async function unreadable(taken: Taken, problem: string, context: Context): Promise<void> {
  if (!isNewer(taken.data)) return bury({ taken }, problem, context);
  await delay(afterDefectMs, undefined, { signal: context.signal }).catch(() => undefined);
  taken.release();
}

function isNewer(data: Uint8Array): boolean {
  const end = data.indexOf(0x0a);
  try {
    return (documentVersion(JSON.parse(Buffer.from(data.subarray(0, end)).toString())) ?? 0) > envelopeVersion;
  } catch {
    return false;
  }
}

type Earlier = { readonly ok: true; readonly last: AttemptedEvent | undefined } | { readonly ok: false };

/** The last attempt on record, asked for only where there may be one: the first try of a fresh mail costs no question. */
async function lastRecord({ taken, envelope }: Job, consumer: ConsumerKey, context: Context): Promise<Earlier> {
  const mayExist = taken.maybeSeen || consumer === 'retry' || envelope.kind === 'dsn';
  if (!mayExist) return { ok: true, last: undefined };
  const { platform, id, k } = envelope;
  const look = () => context.log.lastAttempted(platform, id, k).then((last) => ({ ok: true as const, last }));
  return (await insist('attempt-read', look, context)) ?? { ok: false };
}

/** The attempt was made and recorded, and its worker ended before the acknowledgement: everything but the sending is done again. */
function resume(job: Job, attempted: AttemptedEvent, context: Context): Promise<void> {
  const outcomes = attempted.results.flatMap(({ n, ...result }): Outcome[] => {
    const recipient = job.envelope.recipients.find((candidate) => candidate.n === n);
    if (recipient === undefined) return [];
    const why = `the receiving server ${result.outcome === 'delivered' ? 'took it' : 'did not take it'}`;
    return [{ recipient, verdict: { ...result, why }, hop: attempted.hop }];
  });
  const telling = tellingOf(job.envelope, attempted, context);
  return conclude(job, { attempted, outcomes, recorded: true, telling }, context);
}

type Tried =
  | { readonly kind: 'tried'; readonly outcomes: readonly Outcome[]; readonly journey: Journey }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'no-body' };

async function tryOnce({ envelope, inline }: Job, due: number, context: Context): Promise<Tried> {
  const { fleet, domains } = context.snapshot();
  const age = { ...envelope, due, maxAgeMs: fleet.retry.maxAgeMs, now: context.now() };
  if (isTooOld(age, context.retryDelays)) return unsent(envelope, { kind: 'too-old' });
  const policy = domains.get(envelope.domain);
  if (policy === undefined) return unsent(envelope, { kind: 'domain-gone' });
  const keys = context.keysOf(policy);
  if (keys.length === 0) return unsent(envelope, { kind: 'no-signing-key' });

  const read = () => context.queue.getBody(envelope, inline).then((bytes) => ({ ok: true as const, bytes }));
  const body = await insist('body-read', read, context);
  if (body === undefined) return { kind: 'interrupted' };
  if (body.bytes === undefined) return { kind: 'no-body' };
  const message = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength);
  const { earliest, latest } = context.clock.span();
  const signature = await sign({ message, domain: policy.domain, keys, now: earliest, latest, envelope });

  const { found, journey } = await attempt(
    { envelope, pieces: [signature, message], policy, fleet },
    context.attempting,
  );
  if (found.every(({ fact }) => fact.kind === 'interrupted')) return { kind: 'interrupted' };
  const outcomes = found.map(({ recipient, fact, hop }) => ({ recipient, verdict: classify(fact), hop }));
  return { kind: 'tried', outcomes, journey };
}

function unsent(envelope: Envelope, fact: OwnFact): Tried {
  const verdict = classify(fact);
  const journey: Journey = { hop: null, tls: null, connectMs: null, transferMs: null };
  return {
    kind: 'tried',
    outcomes: envelope.recipients.map((recipient) => ({ recipient, verdict, hop: null })),
    journey,
  };
}

type Result = { readonly outcomes: readonly Outcome[]; readonly journey: Journey; readonly startedAt: number };

function concludingFrom(envelope: Envelope, { outcomes, journey, startedAt }: Result, context: Context): Conclusion {
  const { id, acceptedAt, due } = envelope;
  const { maxAgeMs } = context.snapshot().fleet.retry;
  const attempts = envelope.attempt + 1;
  const next = nextDue({ id, attempts, due, from: startedAt, acceptedAt, maxAgeMs }, context.retryDelays);
  const record = { envelope, outcomes, journey, nextDue: next, startedAt, now: context.now(), node: context.node };
  const attempted = attemptedEvent(record);
  const settled = settledEvent(record, attempted);
  return { attempted, settled, outcomes, recorded: false, telling: tellingOf(envelope, attempted, context) };
}

function tellingOf(envelope: Envelope, { at }: AttemptedEvent, context: Context): Conclusion['telling'] {
  const { domain, sender, acceptedAt, attempt } = envelope;
  const { fleet, domains } = context.snapshot();
  const policy = domains.get(domain);
  const lateMs = context.lateMs ?? standardLateMs;
  const to = domainOf(sender);
  return {
    reporter: fleet.helloName,
    destination: policy === undefined ? to : destinationOf(policy, to),
    retryUntil: acceptedAt + fleet.retry.maxAgeMs,
    late: isLate({ acceptedAt, at, attempt, lateMs }, context.retryDelays),
  };
}
