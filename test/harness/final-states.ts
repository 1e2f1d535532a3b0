// The account of a whole run, kept outside the fleet: what clients were told, what receivers took, which notices came, and what the
// record says at the end. Every accepted recipient has exactly one final state, and nobody else has any. Pure.
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { isFinal } from '@relayfleet/contract/outcome.ts';
import { isFirmNo } from './ledger.ts';
import type { Submitted } from './submit.ts';

export type Submission = {
  readonly mark: string;
  readonly to: readonly string[];
  readonly result: Submitted;
  /** Whether its sender wants to hear of failures. RFC 3461 §4.1 */
  readonly wantsNotice: boolean;
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

export type Run = {
  readonly submissions: readonly Submission[];
  readonly receipts: readonly Receipt[];
  readonly notices: readonly Notice[];
  /** All events of a mail by its id. */
  readonly record: ReadonlyMap<string, readonly MailEvent[]>;
};

/** A second copy: of a mail to a recipient, or of a notice. */
export type Duplicate = { readonly what: string; readonly first: Brought; readonly second: Brought };
export type Brought = { readonly at: number; readonly by: string | undefined };

export type Findings = {
  readonly accepted: number;
  readonly recipients: number;
  readonly delivered: number;
  readonly bounced: number;
  /** Accepted, and neither taken by a receiver nor bounced. */
  readonly lost: readonly string[];
  readonly deliveredAndBounced: readonly string[];
  /** The sender was not told, although it wanted to be; or was told by two notices, or what is not so. */
  readonly toldWrongly: readonly string[];
  /** The record has no final outcome, or two that differ, or another than the one seen outside. */
  readonly recordedWrongly: readonly string[];
  /** Taken by a receiver and never accepted, or by one it was not meant for. */
  readonly strange: readonly string[];
  readonly damaged: readonly string[];
  readonly duplicates: readonly Duplicate[];
};

export function findingsOf(run: Run): Findings {
  const receipts = Map.groupBy(eachRecipient(run.receipts), ({ key }) => key);
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
      : submission.to.map((address, n) => ({ submission, id, n, key: keyOf(mark, address) }));
  });
  const states = owed.map(({ submission, id, n, key }): State => {
    const outcomes = recordedOutcomes(run.record.get(id) ?? [], n);
    const notices = new Set((told.get(key) ?? []).map((notice) => notice.id));
    return { key, copies: receipts.get(key)?.length ?? 0, notices: notices.size, outcomes, ...submission };
  });
  const keys = (wrong: (state: State) => boolean) => states.filter(wrong).map(describe);
  const expected = new Set(owed.map(({ key }) => key));
  return {
    accepted: run.submissions.filter(({ result }) => result.kind === 'accepted').length,
    recipients: states.length,
    delivered: states.filter(({ copies }) => copies > 0).length,
    bounced: states.filter(({ copies, outcomes }) => copies === 0 && hasBounced(outcomes)).length,
    lost: keys(({ copies, notices, outcomes }) => copies === 0 && notices === 0 && !hasBounced(outcomes)),
    deliveredAndBounced: keys(({ copies, notices, outcomes }) => copies > 0 && (notices > 0 || hasBounced(outcomes))),
    toldWrongly: keys(
      ({ notices, outcomes, wantsNotice }) => notices !== (hasBounced(outcomes) && wantsNotice ? 1 : 0),
    ),
    recordedWrongly: keys(
      ({ copies, outcomes }) => outcomes.length !== 1 || (outcomes[0] === 'delivered') !== copies > 0,
    ),
    strange: [...receipts.keys()].filter((key) => !expected.has(key)),
    damaged: run.receipts.filter(({ intact }) => !intact).map(({ mark, id }) => `${mark ?? 'unmarked'} (${id})`),
    duplicates: [
      ...repeats(receipts.values(), ({ key }) => key),
      ...repeats(byNotice(run.notices), ({ id }) => `notice ${id}`),
    ],
  };
}

type State = Submission & {
  readonly key: string;
  readonly copies: number;
  /** Notices of its failure that differ. */
  readonly notices: number;
  /** Final outcomes on record that differ. */
  readonly outcomes: readonly string[];
};

function describe({ key, copies, notices, outcomes, result }: State): string {
  const id = result.kind === 'accepted' ? result.id : result.kind;
  return `${key} (${id}): ${copies} copies, ${notices} notices, on record ${outcomes.join(', ') || 'nothing final'}`;
}

function hasBounced(outcomes: readonly string[]): boolean {
  return outcomes.some((outcome) => outcome !== 'delivered');
}

function recordedOutcomes(events: readonly MailEvent[], n: number): readonly string[] {
  const results = events.flatMap((event) => (event.type === 'attempted' ? event.results : []));
  const outcomes = results.filter((result) => result.n === n && isFinal(result.outcome)).map(({ outcome }) => outcome);
  return [...new Set(outcomes)];
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
