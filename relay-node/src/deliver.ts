// Second half of the mail's way, top to bottom: take an entry, see where it stands, sign, send, judge, conclude.
// Composes the stages; decides nothing a stage could decide. What it promises: an entry is acknowledged only after its outcome is
// durable, and one that comes again is not sent again once its attempt is recorded.
import { setTimeout as delay } from 'node:timers/promises';
import { decodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import { domainPolicyOf, type Snapshot } from '@relayfleet/contract/snapshot.ts';
import { ackExtendMs, type ConsumerKey } from '@relayfleet/contract/subjects.ts';
import type { Answering } from '@relayfleet/jetstream/answering.ts';
import type { EventLog } from '@relayfleet/jetstream/event-log.ts';
import type { MailQueue, Taken } from '@relayfleet/jetstream/mail-queue.ts';
import { domainOf } from './attempt.ts';
import type { Clock } from './clock.ts';
import { conclude, type Conclusion } from './conclude.ts';
import type { DeliveryReport } from './delivery-report.ts';
import { openConnections, standardPool, type PoolSettings } from './delivery/connections.ts';
import { standardDeadlines, type Deadlines } from './delivery/smtp-client.ts';
import { openSpacing, standardSpacing, type Spacing, type SpacingLimits } from './fairness/spacing.ts';
import { openTurns, type Turns } from './fairness/turns.ts';
import { lastRecord, leaveToNewer, unreadable } from './first-look.ts';
import { handBack, hold, pushBack, untilDue } from './not-now.ts';
import { reachOf, recall, type OwnFact } from './outcome/classify.ts';
import { attemptedEvent, settledEvent, standing, type AttemptRecord, type Outcome } from './outcome/record.ts';
import { retryPolicyOf, shortestDelayMs } from './outcome/retry-policy.ts';
import { isLate, nextDue } from './outcome/schedule.ts';
import { instruct } from './policy/instruction.ts';
import type { Job } from './put-away.ts';
import { createGuards } from './routing/address-guard.ts';
import { createResolver } from './routing/dns.ts';
import type { RoutingDeps } from './routing/next-hops.ts';
import { destinationOf } from './routing/route.ts';
import { createSetbacks } from './setbacks.ts';
import { createKeyring } from './signing/keys.ts';
import { tryOnce, unsent, type TryDeps } from './try-once.ts';

export type DeliverDeps = {
  /** Name of this node, for events. */
  readonly node: string;
  /** Version of this program: what one cannot work on, another may. */
  readonly build: string;
  /** The snapshot in force; delivery is started once there is one. */
  readonly snapshot: () => Snapshot;
  /** The orders in force; delivery is started once they are known. */
  readonly orders: () => readonly Order[];
  readonly queue: MailQueue;
  readonly log: EventLog;
  readonly report: DeliveryReport;
  /** `ip:port` of the name servers to ask; empty means the system's. */
  readonly dnsServers: readonly string[];
  /** What port 25 of a next hop means here. */
  readonly smtpPort: number;
  /** Whether this node itself answers at an address on that port; absent: it does so nowhere. */
  readonly isOwnAddress?: RoutingDeps['isOwnAddress'];
  /**
   * Entries of first attempts at transactional mail worked on at once. The other lanes have slots of their own besides, half as many each:
   * twice this number in all.
   */
  readonly concurrency: number;
  /** Milliseconds between attempts, the last one repeats; empty means as fleet and platforms have it. */
  readonly retryDelays: readonly number[];
  /** Milliseconds after which the sender of a waiting mail is told; absent: as the fleet has it. */
  readonly lateMs?: number;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
  readonly deadlines?: Deadlines;
  readonly pool?: PoolSettings;
  readonly spacing?: SpacingLimits;
  /** Called when a destination answers a sender domain's mail again whose retries had been put off. */
  readonly onAnswering: (waiting: Answering) => void;
};

/** A lane's slots, by `concurrency`. Each lane has its own, so that none can starve another: docs/decisions/0012-lanes.md. */
const shares: Readonly<Record<ConsumerKey, number>> = { transactional: 1, retry: 0.5, bulk: 0.5 };
const lanes = Object.keys(shares) as ConsumerKey[];
const slotsOf = (lane: ConsumerKey, { concurrency }: DeliverDeps) => Math.max(1, Math.ceil(concurrency * shares[lane]));
/** Before an entry that could not even be put back is released. */
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
    const options = { maxMessages: slotsOf(consumer, deps), signal: taking.signal };
    for await (const taken of deps.queue.take(consumer, options))
      inHand.set(
        taken,
        courier.work(taken, consumer).finally(() => inHand.delete(taken)),
      );
  };
  const following = Promise.all(lanes.map(follow));

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
  TryDeps & {
    readonly turns: Readonly<Record<ConsumerKey, Turns>>;
    readonly spaced: Spacing;
    /** Ends what has not begun. */
    readonly leaving: AbortSignal;
  };
type Signals = { readonly taking: AbortSignal; readonly working: AbortSignal };

function createCourier(deps: DeliverDeps, { taking, working: signal }: Signals) {
  const { clock, random, smtpPort } = deps;
  const { elapsed } = clock;
  const shortest = deps.retryDelays.length > 0 ? Math.min(...deps.retryDelays) : shortestDelayMs;
  // Shorter than any wait between attempts, so that every attempt asks again.
  const restMs = Math.min(standardPool.restMs, shortest / 2);
  const connections = openConnections(deps.pool ?? { ...standardPool, restMs }, elapsed);
  const dns = createResolver({ servers: deps.dnsServers, now: elapsed });
  const routing = { dns, random, smtpPort, isOwnAddress: deps.isOwnAddress };
  const deadlines = deps.deadlines ?? standardDeadlines;
  const onDefect = (error: Error) => deps.report.deliveryDefect(error);
  const attempting = { routing, guardOf: createGuards(), connections, deadlines, now: elapsed, signal, onDefect };
  const turns = (lane: ConsumerKey) => openTurns({ slots: slotsOf(lane, deps), now: elapsed, signal: taking });
  const context: Context = {
    ...deps,
    now: clock.now,
    signal,
    leaving: taking,
    attempting,
    keysOf: createKeyring((problem) => deps.report.keyProblem(problem)),
    turns: { transactional: turns('transactional'), retry: turns('retry'), bulk: turns('bulk') },
    spaced: openSpacing({ now: clock.now, limits: deps.spacing ?? standardSpacing }),
  };
  const wait = (ms: number) => delay(ms, undefined, { signal: taking }).catch(() => undefined);
  const withSetbacks = createSetbacks({ ...context, wait, isRecorded: (job) => isRecorded(job, context) });
  const busy = new Map<string, Promise<void>>();

  const look = (taken: Taken, consumer: ConsumerKey): Promise<void> => {
    const entry = decodeEntry(taken.data);
    if (!entry.ok) return unreadable(taken, entry.problem, context);
    const { envelope, body: inline, bodyProblem: unworkable } = entry.value;
    const job: Job = { taken, envelope, inline, ...(unworkable !== undefined && { unworkable }) };
    return withSetbacks(job, (each) => deliver(each, consumer, context));
  };

  /** One entry to its end. An entry that comes again while it is still being worked on here waits for that to end. */
  const work = async (taken: Taken, consumer: ConsumerKey): Promise<void> => {
    const name = taken.subject.split('.').slice(-2).join('.');
    const before = busy.get(name);
    const done = (before ?? Promise.resolve())
      .then(() => look(taken, consumer))
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

/** Whatever stands of it is for `deliver` to finish. */
async function isRecorded(job: Job, context: Context): Promise<boolean> {
  const earlier = await lastRecord(job, 'retry', context);
  return earlier.kind !== 'known' || standing(job.envelope, earlier.last) !== 'new';
}

async function deliver(job: Job, consumer: ConsumerKey, context: Context): Promise<void> {
  const { taken, envelope } = job;

  // where it stands
  const earlier = await lastRecord(job, consumer, context);
  if (earlier.kind === 'unknown') return taken.release();
  if (earlier.kind === 'newer') return leaveToNewer(taken, context);
  const stands = standing(envelope, earlier.last);
  if (stands === 'superseded') return void (await taken.done());
  if (stands === 'recorded') return resume(job, earlier.last!, context);

  // whether it is tried now
  const { unworkable } = job;
  if (unworkable === undefined && !taken.woken && !(await untilDue(earlier.last, context)))
    return handBack(job, context);
  const instruction = instruct(context.snapshot(), context.orders(), envelope);
  if (instruction.kind === 'drop')
    return end(job, { kind: instruction.bounce ? 'removed' : 'dropped', order: instruction.order }, context);
  if (instruction.kind === 'hold') return hold(job, instruction.reason, context);
  if (unworkable !== undefined) return end(job, { kind: 'unworkable' }, context, unworkable);
  const turn = await context.turns[consumer].next(envelope.destination);
  if (turn.kind === 'surplus') return pushBack(job, context);
  if (turn.kind === 'stopped') return handBack(job, context);

  // route, sign, send
  const startedAt = context.now();
  const conclusionOf = concluding(job, startedAt, context);
  const tried = await tryOnce(job, earlier.last?.nextDue ?? envelope.due, context).finally(turn.end);
  if (tried.kind === 'interrupted') return handBack(job, context);
  if (tried.kind === 'no-body') return end(job, { kind: 'unworkable' }, context, 'its body is missing or damaged');

  // record, tell, defer, acknowledge
  const reach = reachOf(tried.outcomes.map(({ verdict }) => verdict));
  await conclude(job, conclusionOf({ ...tried, isUnreached: reach === 'unreached' }), context);
  if (reach === 'answered' && context.spaced.answered(wayOf(envelope))) context.onAnswering(envelope);
}

/** Ends an entry without an attempt to send it, recorded as one. `unworkable`: why it goes to the dead letters. */
function end(job: Job, fact: OwnFact, context: Context, unworkable?: string): Promise<void> {
  const order = 'order' in fact ? fact.order : undefined;
  const conclusion = concluding(job, context.now(), context)({ ...unsent(job.envelope, fact), order });
  return conclude(job, { ...conclusion, unworkable }, context);
}

/** The attempt was made and recorded, and its worker ended before the acknowledgement: everything but the sending is done again. */
function resume(job: Job, attempted: AttemptedEvent, context: Context): Promise<void> {
  const outcomes = attempted.results.flatMap(({ n, ...result }): Outcome[] => {
    const recipient = job.envelope.recipients.find((candidate) => candidate.n === n);
    if (recipient === undefined) return [];
    return [{ recipient, verdict: recall(result), hop: attempted.hop }];
  });
  const telling = tellingOf(job.envelope, context)(attempted);
  const isUnworkable = attempted.results.some(({ category }) => category === 'internal');
  const unworkable = isUnworkable ? 'an earlier worker gave it up, and ended before it was laid out here' : undefined;
  return conclude(job, { attempted, outcomes, recorded: true, telling, unworkable }, context);
}

type Result = Pick<AttemptRecord, 'outcomes' | 'journey' | 'order'> & {
  /** No host of the destination was there: its retries are spaced. */
  readonly isUnreached?: boolean;
};

/**
 * What follows from an attempt, in two steps: all that needs more than its result is settled before anything is sent, since a defect
 * between a next hop's `250` and its record has the mail sent again.
 */
function concluding({ taken, envelope }: Job, startedAt: number, context: Context): (result: Result) => Conclusion {
  const { id, acceptedAt } = envelope;
  const due = taken.woken ? startedAt : envelope.due; // brought forward on purpose, it may have waited for a hold, or been spaced
  const { maxAgeMs, delays } = retryPolicyOf(context.snapshot(), envelope, context);
  const attempts = envelope.attempt + 1;
  const scheduled = nextDue({ id, attempts, due, from: startedAt, acceptedAt, maxAgeMs }, delays);
  const last = Math.max(scheduled, acceptedAt + maxAgeMs);
  const telling = tellingOf(envelope, context);
  return ({ isUnreached = false, ...result }) => {
    const next = isUnreached ? Math.min(context.spaced.failed(wayOf(envelope), scheduled), last) : scheduled;
    const record = { ...result, envelope, startedAt, nextDue: next, now: context.now(), node: context.node };
    const attempted = attemptedEvent(record);
    const settled = settledEvent(record, attempted);
    return { attempted, settled, outcomes: result.outcomes, recorded: false, telling: telling(attempted) };
  };
}

/** What is reached or not: a sender domain's routes and TLS policy make it its own way to a destination. */
function wayOf({ domain, destination }: Envelope): string {
  return `${domain} ${destination}`;
}

function tellingOf(envelope: Envelope, context: Context): (of: Pick<AttemptedEvent, 'at'>) => Conclusion['telling'] {
  const { sender, acceptedAt, attempt } = envelope;
  const snapshot = context.snapshot();
  const policy = domainPolicyOf(snapshot, envelope);
  const { maxAgeMs, delays, lateMs } = retryPolicyOf(snapshot, envelope, context);
  const to = domainOf(sender);
  const terms = {
    reporter: snapshot.fleet.helloName,
    destination: policy === undefined ? to : destinationOf(policy, to),
    retryUntil: acceptedAt + maxAgeMs,
  };
  return ({ at }) => ({ ...terms, late: isLate({ acceptedAt, at, attempt, lateMs }, delays) });
}
