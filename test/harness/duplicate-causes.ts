// Which blow explains that a mail came twice, by who brought it and when: none but a kill or pause of a node that had it in its hands,
// and NATS being away while the outcome was to be recorded. An orderly stop of a node explains nothing, nor does the operator. Pure.
// A blow must have fallen between what came first and its record, and what came second must have come of that: both within bounds.
import { ackExtendMs, ackWaitMs } from '@relayfleet/contract/subjects.ts';
import type { Duplicate } from './final-states.ts';
import type { Blow } from './random-kills.ts';

/** From a receiver's 250 to the synced record of it. Milliseconds, but for a machine with all of this on it: two tries of a write. */
const recordMs = 10_000;
/** nats-server is started again within 5 s; it reads its store, and its nodes connect, settle and write what they owe. */
const backMs = 15_000;
/** One attempt at receivers as slow as these: a fit of slowness has 12 s, a next one may follow. */
const attemptMs = 30_000;
/** Who took over had to hold the mail, or put it back as surplus up to three times: four minutes (outcome/put-back.ts). */
const laterMs = 240_000;
/** An entry whose node is silent is another's after that; its attempt is what comes second. */
const secondMs = backMs + ackWaitMs + attemptMs + laterMs;
/** A node that stands still for less has told the server in time that the entry is in its hands; 5 s are for a slow machine. */
const leaseMs = ackWaitMs - ackExtendMs - 5_000;

/** Entries that one node works on at once: the slots of its three lanes, unless RELAYFLEET_CONCURRENCY says other. */
export const inHand = 100;

/** The one that leaves least doubt: a kill of who brought the first. Undefined: there is none. */
export function causeOf(duplicate: Duplicate, blows: readonly Blow[]): Blow | undefined {
  return causesOf(duplicate, blows)[0];
}

/** Those without a blow to explain them: each explains no more mails than its nodes can have had in hand. `nodes`: how many there are. */
export function unexplained(
  duplicates: readonly Duplicate[],
  blows: readonly Blow[],
  nodes: number,
): readonly Duplicate[] {
  const explained = new Map(blows.map((blow) => [blow, new Set<string>()]));
  return duplicates.filter((duplicate) => {
    const mail = duplicate.what.replace(/ to .*/, '');
    const most = ({ part }: Blow) => (part.startsWith('node-') ? inHand : nodes * inHand);
    const cause = causesOf(duplicate, blows).find((blow) => {
      const mails = explained.get(blow);
      return mails !== undefined && (mails.has(mail) || mails.size < most(blow));
    });
    if (cause !== undefined) explained.get(cause)?.add(mail);
    return cause === undefined;
  });
}

/** How many each kind of blow caused: `node killed: 3 by 14, at most 2 by one`. */
export function duplicatesPerBlow(duplicates: readonly Duplicate[], blows: readonly Blow[]): readonly string[] {
  const caused = Map.groupBy(duplicates, (duplicate) => causeOf(duplicate, blows));
  const kinds = Map.groupBy(blows, ({ part, how }) => `${part.replace(/-\d+$/, '')} ${how}`);
  return [...kinds].map(([kind, alike]) => {
    const each = alike.map((blow) => caused.get(blow)?.length ?? 0);
    const sum = each.reduce((total, one) => total + one, 0);
    return `${kind}: ${sum} by ${alike.length}${sum > 1 ? `, at most ${Math.max(...each)} by one` : ''}`;
  });
}

/** All possible ones, those that leave least doubt first. */
function causesOf(duplicate: Duplicate, blows: readonly Blow[]): readonly Blow[] {
  const isPlain = ({ part, how }: Blow) => how === 'killed' && part !== 'nats-server';
  return blows.filter((blow) => causes(blow, duplicate)).toSorted((a, b) => Number(isPlain(b)) - Number(isPlain(a)));
}

function causes(blow: Blow, { first, second }: Duplicate): boolean {
  const end = blow.at + (blow.forMs ?? 0);
  if (second.at < blow.at || second.at > Math.max(end, first.at) + secondMs) return false;
  /** It was in somebody's hands when the blow fell, or soon after. */
  const isUnderWay = first.at >= blow.at - recordMs && first.at <= end + backMs + attemptMs;
  if (blow.part === 'operator') return false;
  if (blow.part === 'machine' || blow.part === 'nats-server') return isUnderWay;
  const isWhoBrought = (by: string | undefined) => by === undefined || by === blow.part;
  switch (blow.how) {
    case 'killed':
      return isWhoBrought(first.by) && blow.at >= first.at && isUnderWay;
    case 'paused': // for so long that another was handed it; whoever woke up late brought one of the two
      if (end - blow.at < leaseMs) return false;
      if (isWhoBrought(first.by) && isUnderWay) return true;
      return isWhoBrought(second.by) && first.at >= blow.at && second.at <= end + attemptMs;
    case 'stopped':
      return false;
  }
}
