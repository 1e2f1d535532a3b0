// What one attempt leaves behind: the event that records it, the entry that goes on waiting, and the final event once nobody waits.
// Pure, so that a redelivered entry whose attempt is already recorded comes to the same end as the first time.
import type { Envelope, Recipient } from '@relayfleet/contract/envelope.ts';
import type { AttemptedEvent, SettledEvent } from '@relayfleet/contract/event.ts';
import { isFinal, type RecipientResult } from '@relayfleet/contract/outcome.ts';
import type { Verdict } from './classify.ts';

/** What became of one recipient in this attempt; `hop` is the host that was asked last. */
export type Outcome = { readonly recipient: Recipient; readonly verdict: Verdict; readonly hop: string | null };

/** How the attempt went on the way; milliseconds, null where that stage was not reached. */
export type Journey = {
  readonly hop: string | null;
  readonly tls: string | null;
  readonly connectMs: number | null;
  readonly transferMs: number | null;
};

export type AttemptRecord = {
  readonly envelope: Envelope;
  readonly outcomes: readonly Outcome[];
  readonly journey: Journey;
  /** Name of the order that ended it. */
  readonly order?: string | undefined;
  /** When deferred recipients are due again. */
  readonly nextDue: number;
  readonly startedAt: number;
  readonly now: number;
  readonly node: string;
};

export function attemptedEvent(record: AttemptRecord): AttemptedEvent {
  const { envelope, outcomes, journey, nextDue, startedAt, order } = record;
  const results = outcomes.map(({ recipient, verdict }) => toResult(recipient, verdict));
  return {
    ...origin(record),
    type: 'attempted',
    attempt: envelope.attempt + 1,
    results,
    ...journey,
    waitMs: Math.max(0, startedAt - envelope.due),
    nextDue: results.every(({ outcome }) => isFinal(outcome)) ? null : nextDue,
    ...(order === undefined ? {} : { order }),
  };
}

/** Present when the attempt left nobody waiting. */
export function settledEvent(record: AttemptRecord, attempted: AttemptedEvent): SettledEvent | undefined {
  if (attempted.nextDue !== null) return undefined;
  const { envelope, now } = record;
  const totals = totalsAfter(envelope, attempted.results);
  const totalMs = Math.max(0, now - envelope.acceptedAt);
  return { ...origin(record), type: 'settled', totals, attempts: attempted.attempt, totalMs };
}

/** The entry that waits for the next attempt; undefined when everybody's outcome is final. */
export function remainingEntry(
  envelope: Envelope,
  { results, nextDue, attempt }: AttemptedEvent,
): Envelope | undefined {
  if (nextDue === null) return undefined;
  const final = new Set(results.filter(({ outcome }) => isFinal(outcome)).map(({ n }) => n));
  const recipients = envelope.recipients.filter(({ n }) => !final.has(n));
  return { ...freed(envelope), recipients, attempt, due: nextDue, settled: totalsAfter(envelope, results) };
}

/** An entry that is sent on: nobody holds it, and no turn of it was put off. */
function freed({ heldSince: _held, pushedBack: _pushed, ...envelope }: Envelope): Envelope {
  return envelope;
}

/**
 * Where a redelivered entry stands by the last attempt recorded for it. Between two attempts due times only grow, so an entry of that
 * attempt at or after the recorded next one is its successor. Of an earlier attempt it is a copy: one that was put back unsent by a
 * worker that ended then.
 */
export function standing(envelope: Envelope, last: AttemptedEvent | undefined): 'new' | 'recorded' | 'superseded' {
  if (last === undefined) return 'new';
  if (last.nextDue !== null && last.nextDue <= envelope.due && last.attempt <= envelope.attempt) return 'new';
  return last.attempt > envelope.attempt + 1 ? 'superseded' : 'recorded';
}

/** One recipient's line in the event. */
export function toResult(
  { n, notify }: Recipient,
  { outcome, category, code, status, relayed }: Verdict,
): RecipientResult {
  const wordIsDue = relayed === true && notify?.includes('SUCCESS') === true;
  return {
    n,
    outcome,
    category,
    ...(code === undefined ? {} : { code }),
    status,
    ...(wordIsDue ? { relayed: true } : {}),
  };
}

function totalsAfter({ settled }: Envelope, results: readonly RecipientResult[]): Envelope['settled'] {
  const count = (outcome: RecipientResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  return {
    delivered: settled.delivered + count('delivered'),
    bounced: settled.bounced + count('bounced'),
    expired: settled.expired + count('expired'),
    dropped: settled.dropped + count('dropped'),
  };
}

function origin({ envelope, now, node }: AttemptRecord) {
  const { id, k, platform, domain } = envelope;
  return { v: 1 as const, at: now, node, id, k, platform, domain };
}
