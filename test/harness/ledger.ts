// The ledger kept outside the fleet: every submission with a mark of its own, what its client was told, and how often the
// receiver took it. It alone says whether anything was lost, came twice, or came although it had been refused.
import type { Submitted } from './submit.ts';

/** What a receiver tells: the message, and whom the envelope named. */
export type Received = { readonly raw: Buffer; readonly to: readonly string[] };

export type Verdict = {
  readonly submitted: number;
  readonly accepted: number;
  readonly refused: number;
  /** The client got no answer: such a mail may arrive or not, both are right. */
  readonly unanswered: number;
  /** `<mark> to <recipient>` of each mail that got a 250 and was not received. */
  readonly lost: readonly string[];
  /** Received more than once. */
  readonly duplicates: readonly string[];
  /**
   * Received although the client was told no, or had not sent its final dot. Not counted: 451 to the final dot. A queue that does not
   * answer may have stored the mail, and the client is told to send it again: twice rather than never.
   */
  readonly unacceptedButDelivered: readonly string[];
};

export type Ledger = {
  /** A mark nobody else has, for one submission. */
  newMark(): string;
  /** Writes down what the client of that submission was told. */
  enter(mark: string, to: readonly string[], result: Submitted): void;
  /** How often the receiver took the mail with that mark for that recipient. */
  receivedOf(mark: string, recipient: string): number;
  verdict(): Verdict;
};

export type Marked = {
  readonly mark: string;
  readonly from: string;
  readonly to: readonly string[];
  /** CRLF lines; default is one line of text. */
  readonly body?: string | undefined;
};

/** A whole message that carries `mark` to the receiver. */
export function markedMessage({ mark, from, to, body }: Marked): Buffer {
  const lines = [
    `From: <${from}>`,
    `To: ${to.map((address) => `<${address}>`).join(', ')}`,
    `Subject: order ${mark}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${mark}@client.test>`,
    `X-Ledger: ${mark}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    body ?? 'Your order is on its way.',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}

/** The mark in a message's own header; a bounce that quotes a marked message has none. */
export function markOf(raw: Buffer): string | undefined {
  const end = raw.indexOf('\r\n\r\n');
  const header = raw.subarray(0, end < 0 ? raw.length : end).toString('latin1');
  return /^X-Ledger: (\S+)$/m.exec(header)?.[1];
}

/** The queue id in the Received line that we put in front. RFC 5321 §4.4 */
export function idOf(raw: Buffer): string | undefined {
  return /\bid ([0-9A-Z]{26})\b/.exec(raw.toString('latin1', 0, 16_384))?.[1];
}

type Entry = { readonly mark: string; readonly to: readonly string[]; readonly result: Submitted };

/** `received` lists what the receiver has taken with a 250 so far, in order; it may only grow. */
export function openLedger(received: () => readonly Received[]): Ledger {
  const entries: Entry[] = [];
  const seen = new Map<string, number>();
  let read = 0;
  let made = 0;
  const times = (mark: string, recipient: string): number => {
    for (const { raw, to } of received().slice(read)) {
      read += 1;
      for (const address of to) seen.set(keyOf(markOf(raw), address), timesKnown(keyOf(markOf(raw), address)) + 1);
    }
    return timesKnown(keyOf(mark, recipient));
  };
  const timesKnown = (key: string): number => seen.get(key) ?? 0;
  const told = (kind: Submitted['kind']): number => entries.filter(({ result }) => result.kind === kind).length;
  const deliveries = (wanted: (entry: Entry) => boolean, count: (times: number) => boolean): readonly string[] =>
    entries
      .filter(wanted)
      .flatMap(({ mark, to }) =>
        to.filter((address) => count(times(mark, address))).map((address) => keyOf(mark, address)),
      );

  return {
    newMark: () => `m${(made += 1)}`,
    enter: (mark, to, result) => {
      entries.push({ mark, to, result });
    },
    receivedOf: times,
    verdict: () => ({
      submitted: entries.length,
      accepted: told('accepted'),
      refused: told('refused'),
      unanswered: told('unanswered'),
      lost: deliveries(
        ({ result }) => result.kind === 'accepted',
        (count) => count === 0,
      ),
      duplicates: deliveries(
        () => true,
        (count) => count > 1,
      ),
      unacceptedButDelivered: deliveries(
        ({ result }) => isFirmNo(result),
        (count) => count > 0,
      ),
    }),
  };
}

function keyOf(mark: string | undefined, recipient: string): string {
  return `${mark ?? 'unmarked'} to ${recipient}`;
}

/** Whether such a mail must not arrive: it was refused, or never sent to its end. */
export function isFirmNo(result: Submitted): boolean {
  if (result.kind === 'unanswered') return !result.dotSent;
  return result.kind === 'refused' && !(result.code === 451 && result.at === 'the final dot');
}
