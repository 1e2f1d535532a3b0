// The account of a whole run, kept outside the fleet: what clients were told, what receivers took, which notices came, and what the
// record says at the end. Every accepted recipient has exactly one final state, and nobody else has any. Pure.
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { isFinal } from '@relayfleet/contract/outcome.ts';
import { isFirmNo } from './ledger.ts';
import type { Submitted } from './submit.ts';

export type Submission = {
  readonly mark: string;
  readonly to: readonly string[];
  /** Whose mail it is, and when its client began to offer it: what an order to drop goes by. */
  readonly platform: string;
  readonly offeredAt: number;
  readonly result: Submitted;
  /** Whether its sender wants to hear of failures. RFC 3461 §4.1 */
  readonly wantsNotice: boolean;
  /** Those of `to` whose receiver refuses it for good whenever it is asked: of no other is a bounce deserved. */
  readonly refused: readonly string[];
  /** The age from which on it may be given up; absent: longer than any run. */
  readonly maxAgeMs?: number;
};

/** A mail that a receiver said 250 to. */
export type Receipt = {
  readonly at: number;
  /** The process that brought it; undefined where that could not be seen. */
  readonly by: string | undefined;
  readonly mark: string | undefined;
  /** The queue id in our Received line. */
  readonly id: string | undefined;
  readonly to: readonly string[];
  /** Whether it is what was submitted, byte for byte, behind the lines we put in front. */
  readonly intact: boolean;
};

/** A notice that arrived at the sender's. */
export type Notice = {
  readonly at: number;
  readonly by: string | undefined;
  readonly id: string | undefined;
  /** Of the mail it is about. */
  readonly mark: string | undefined;
  readonly failed: readonly string[];
};

/** An order to end what a platform had queued by then. */
export type Drop = {
  readonly platform: string;
  readonly at: number;
  /** Its senders are told. */
  readonly bounce: boolean;
};

export type Run = {
  readonly submissions: readonly Submission[];
  readonly receipts: readonly Receipt[];
  readonly notices: readonly Notice[];
  readonly drops: readonly Drop[];
  /** All events of a mail by its id. */
  readonly record: ReadonlyMap<string, readonly MailEvent[]>;
};

/** A second copy: of a mail to a recipient, or of a notice. A mail that was taken and ended by an order besides is as bad as one. */
export type Duplicate = { readonly what: string; readonly first: Brought; readonly second: Brought };
export type Brought = { readonly at: number; readonly by: string | undefined };

export type Findings = {
  readonly accepted: number;
  readonly recipients: number;
  readonly delivered: number;
  /** Given up for their age included. */
  readonly bounced: number;
  readonly expired: number;
  /** On order and in silence. */
  readonly dropped: number;
  /** Accepted, and neither taken by a receiver nor bounced nor dropped. */
  readonly lost: readonly string[];
  readonly deliveredAndBounced: readonly string[];
  /** The sender was not told, although it wanted to be; or was told by two notices, or what is not so. */
  readonly toldWrongly: readonly string[];
  /** The record has no final outcome, or two that differ, or another than the one seen outside. */
  readonly recordedWrongly: readonly string[];
  /** Ended by an order, and no order was about it. */
  readonly droppedWrongly: readonly string[];
  /** Given up although no receiver refused it for good, or before it was old. */
  readonly bouncedWrongly: readonly string[];
  /** Taken by a receiver and never accepted, or by one it was not meant for. */
  readonly strange: readonly string[];
  readonly damaged: readonly string[];
  readonly duplicates: readonly Duplicate[];
};

export function findingsOf(run: Run): Findings {
  const receipts = Map.groupBy(eachRecipient(run.receipts), ({ key }) => key);
  const states = statesOf(run, receipts);
  const keys = (wrong: (state: State) => boolean) => states.filter(wrong).map(describe);
  const expected = new Set(states.map(({ key }) => key));
  return {
    accepted: run.submissions.filter(({ result }) => result.kind === 'accepted').length,
    recipients: states.length,
    delivered: states.filter(isTaken).length,
    bounced: states.filter((state) => !isTaken(state) && hasBounced(state)).length,
    expired: states.filter(({ ends }) => ends.some(({ outcome }) => outcome === 'expired')).length,
    dropped: states.filter((state) => !isTaken(state) && state.ends.some(({ outcome }) => outcome === 'dropped'))
      .length,
    lost: keys((state) => !isTaken(state) && state.notices === 0 && state.ends.every(isDelivery)),
    deliveredAndBounced: keys(
      (state) => isTaken(state) && !isOrdered(state) && (state.notices > 0 || hasBounced(state)),
    ),
    toldWrongly: keys(isToldWrongly),
    recordedWrongly: keys(isRecordedWrongly),
    droppedWrongly: keys(({ ends, drops }) =>
      ends.some((end) => end.ordered && !drops.some(({ bounce }) => bounce === (end.outcome === 'bounced'))),
    ),
    bouncedWrongly: keys((state) => state.ends.some((end) => !isDeserved(end, state))),
    strange: [...receipts.keys()].filter((key) => !expected.has(key)),
    damaged: run.receipts.filter(({ intact }) => !intact).map(({ mark, id }) => `${mark ?? 'unmarked'} (${id})`),
    duplicates: [
      ...repeats(receipts.values(), ({ key }) => key),
      ...repeats(byNotice(run.notices), ({ id }) => `notice ${id}`),
      ...states.flatMap(takenAndOrdered),
    ],
  };
}

type End = Brought & {
  readonly outcome: string;
  /** A person's order brought it about. */
  readonly ordered: boolean;
};

type State = Submission & {
  readonly key: string;
  readonly address: string;
  readonly copies: readonly Brought[];
  /** Notices of its failure that differ. */
  readonly notices: number;
  /** All that are on record. */
  readonly ends: readonly End[];
  /** The orders that may have been about it. */
  readonly drops: readonly Drop[];
};

/** Of every recipient that somebody is owed an end of. */
function statesOf(run: Run, receipts: ReadonlyMap<string, readonly Brought[]>): readonly State[] {
  const told = Map.groupBy(eachFailure(run.notices), ({ key }) => key);
  const idOf = new Map(
    run.receipts.flatMap(({ mark, id }) => (mark !== undefined && id !== undefined ? [[mark, id]] : [])),
  );
  const owed = run.submissions.flatMap((submission) => {
    const { mark, result } = submission;
    // What nobody was told of may have been stored all the same: then it is stored for every recipient.
    const id = result.kind === 'accepted' ? result.id : isFirmNo(result) ? undefined : idOf.get(mark);
    return id === undefined
      ? []
      : submission.to.map((address, n) => ({ submission, id, n, address, key: keyOf(mark, address) }));
  });
  return owed.map(({ submission, id, n, address, key }): State => {
    const ends = recordedEnds(run.record.get(id) ?? [], n);
    const notices = new Set((told.get(key) ?? []).map((notice) => notice.id));
    const copies = receipts.get(key) ?? [];
    const drops = run.drops.filter(
      ({ platform, at }) => submission.platform === platform && submission.offeredAt <= at,
    );
    return { key, address, copies, notices: notices.size, ends, drops, ...submission };
  });
}

function describe({ key, copies, notices, ends, result }: State): string {
  const id = result.kind === 'accepted' ? result.id : result.kind;
  const recorded = outcomesOf(ends).join(', ') || 'nothing final';
  return `${key} (${id}): ${copies.length} copies, ${notices} notices, on record ${recorded}`;
}

function isTaken({ copies }: State): boolean {
  return copies.length > 0;
}

function isDelivery({ outcome }: End): boolean {
  return outcome === 'delivered';
}

function isOrdered({ ends }: State): boolean {
  return ends.some(({ ordered }) => ordered);
}

function hasBounced({ ends }: State): boolean {
  return ends.some(({ outcome }) => outcome === 'bounced' || outcome === 'expired');
}

/** A deferral alone is none to end a mail for, whatever this relay made of it. What was ordered is `droppedWrongly`'s. */
function isDeserved(
  { outcome, ordered, at }: End,
  { address, refused, offeredAt, maxAgeMs = Infinity }: State,
): boolean {
  if (ordered) return true;
  if (outcome === 'expired') return at >= offeredAt + maxAgeMs;
  return outcome !== 'bounced' || refused.includes(address);
}

/** Once of a failure, if that was wanted. A notice is its platform's mail, too: an order may have dropped it. */
function isToldWrongly(state: State): boolean {
  const due = hasBounced(state) && state.wantsNotice ? 1 : 0;
  return state.notices !== due && !(state.notices === 0 && state.drops.some(({ bounce }) => !bounce));
}

/** There is one end, and it is the one seen outside. An order’s may stand beside a delivery: `takenAndOrdered` asks why. */
function isRecordedWrongly(state: State): boolean {
  const outcomes = outcomesOf(state.ends.filter(({ ordered }) => !ordered));
  if (isOrdered(state) && outcomes.length === 0) return outcomesOf(state.ends).length !== 1;
  return outcomes.length !== 1 || (outcomes[0] === 'delivered') !== isTaken(state);
}

function outcomesOf(ends: readonly End[]): readonly string[] {
  return [...new Set(ends.map(({ outcome }) => outcome))];
}

function recordedEnds(events: readonly MailEvent[], n: number): readonly End[] {
  return events.flatMap((event) =>
    event.type !== 'attempted'
      ? []
      : event.results
          .filter((result) => result.n === n && isFinal(result.outcome))
          .map(({ outcome, category }) => ({ outcome, ordered: category === 'order', at: event.at, by: event.node })),
  );
}

/** Nobody may end what a receiver took, but for whoever could not know. */
function takenAndOrdered({ key, copies: [taken], ends }: State): readonly Duplicate[] {
  const ordered = ends.find((end) => end.ordered);
  if (taken === undefined || ordered === undefined) return [];
  const [first, second] = taken.at <= ordered.at ? [taken, ordered] : [ordered, taken];
  return [{ what: `${key}, ended by an order`, first, second }];
}

type Seen = Brought & { readonly key: string };

function eachRecipient(receipts: readonly Receipt[]): readonly Seen[] {
  return receipts.flatMap(({ mark, to, at, by }) => to.map((address) => ({ key: keyOf(mark, address), at, by })));
}

function eachFailure(notices: readonly Notice[]) {
  return notices.flatMap(({ mark, failed, at, id }) =>
    failed.map((address) => ({ key: keyOf(mark, address), at, id })),
  );
}

function byNotice(notices: readonly Notice[]): Iterable<readonly Notice[]> {
  return Map.groupBy(notices, ({ id }) => id).values();
}

function repeats<T extends Brought>(groups: Iterable<readonly T[]>, name: (one: T) => string): readonly Duplicate[] {
  return [...groups].flatMap(([first, ...others]) =>
    first === undefined ? [] : others.map((second) => ({ what: name(first), first, second })),
  );
}

function keyOf(mark: string | undefined, address: string): string {
  return `${mark ?? 'unmarked'} to ${address}`;
}
