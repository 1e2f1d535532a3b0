// The receivers of a random run: each has weather of its own, calm and fits of every illness a mail server may have, drawn and ended
// by the run. What they say 250 to is written down for the account; nothing else counts as taken.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { makeAuthority } from './certificates.ts';
import type { Draw } from './draw.ts';
import type { Brought, Notice, Receipt } from './final-states.ts';
import { idOf, markOf } from './ledger.ts';
import { fullRecipient, goneRecipient, greylistedRecipient, refusedSenders } from './random-mail.ts';
import { readReport } from './report.ts';
import {
  drop,
  reset,
  startPeer,
  usualOffers,
  takenReply,
  type Action,
  type PeerMail,
  type PeerSession,
  type Point,
  type ScriptedPeer,
  type Script,
} from './scripted-peer.ts';

export type RandomPeers = {
  /** By number; the last one has the senders' own mailboxes, too. */
  readonly ports: readonly number[];
  readonly receipts: readonly Receipt[];
  readonly notices: readonly Notice[];
  /** What cannot be read as a notice although it came from the null sender. */
  readonly unreadable: readonly string[];
  /** How many fits of each kind there were. */
  readonly fits: ReadonlyMap<string, number>;
  /** What the message with this mark must look like. */
  expect(mark: string, message: Buffer): void;
  /** Ends all illness for good. */
  recover(): void;
  stop(): Promise<void>;
};

type Expected = { readonly length: number; readonly digest: string };
type Fit = keyof typeof fits;
/** What a fit does at a point; undefined: what a healthy server does. */
type Ill = (point: Point, draw: Draw) => Action | undefined;

const closing: Action = { reply: '421 4.3.2 closing', after: 'close' };
const rarely =
  (share: number, points: readonly Point[], actions: readonly Action[]): Ill =>
  (point, draw) =>
    points.includes(point) && draw.chance(share) ? draw.pick(actions) : undefined;

const fits = {
  deferring: rarely(
    0.5,
    ['RCPT'],
    ['451 4.2.1 not now', '450 4.2.0 mailbox busy', '452 4.5.3 too many', '552 too many'],
  ),
  closing: rarely(0.3, ['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'DOT', 'RSET'], [closing]),
  dropping: rarely(0.3, ['CONNECT', 'EHLO', 'STARTTLS', 'MAIL', 'RCPT', 'DATA', 'BODY', 'DOT'], [drop, reset]),
  full: rarely(0.7, ['DOT'], ['452 4.3.1 disk full', '451 4.3.0 local error']),
  confused: rarely(
    0.3,
    ['EHLO', 'MAIL', 'RCPT', 'DATA', 'DOT'],
    ['999 what', 'no reply at all', '354 go ahead', '451 \u00e4\u00f6'],
  ),
  noTls: rarely(
    1,
    ['STARTTLS'],
    ['454 4.7.0 no TLS just now', '220 2.0.0 go\nno TLS here', { reply: '220 2.0.0 go', after: 'close' }],
  ),
  dripping: rarely(0.3, ['MAIL', 'RCPT', 'DATA', 'DOT'], [{ reply: '451 4.3.0 not now', dripMs: 20 }]),
  leaving: rarely(
    0.5,
    ['DOT'],
    [
      { reply: takenReply, after: 'close' },
      { reply: takenReply, after: 'reset' },
    ],
  ),
  down: (point: Point) => (point === 'CONNECT' ? drop : point === 'MAIL' ? closing : undefined),
  slow: () => undefined,
} as const satisfies Record<string, Ill>;

const count = 5;
const plainOffers = ['8BITMIME', 'SMTPUTF8', 'SIZE 52428800', 'ENHANCEDSTATUSCODES'];
const withoutExtensions = 3;

/** `ownerOf`: the process at the other end of a connection, by its port. */
export async function startRandomPeers(
  draw: Draw,
  ownerOf: (peerPort: number) => string | undefined,
): Promise<RandomPeers> {
  const { take, meet, ...books } = openBooks(ownerOf);
  const happened = new Map<string, number>();
  const wellAgain = new AbortController();
  const tls = makeAuthority().issue('127.0.0.1');
  const start = async (number: number): Promise<ScriptedPeer> => {
    const own = draw.fork(`peer ${number}`);
    let fit: Fit | undefined;
    const offers = number === withoutExtensions ? plainOffers : usualOffers;
    const thinkMs = () => (fit === 'slow' ? own.int(100, 3_000) : 0);
    const peer = await startPeer({ tls, offers, take, thinkMs, script: scriptOf(() => fit && fits[fit], own, meet) });
    void live(draw.fork(`weather ${number}`), wellAgain.signal, (next) => {
      fit = next;
      if (next !== undefined) happened.set(next, (happened.get(next) ?? 0) + 1);
    });
    return peer;
  };
  const peers = await Promise.all(Array.from({ length: count }, (_, number) => start(number)));
  return {
    ...books,
    ports: peers.map(({ port }) => port),
    fits: happened,
    recover: () => wellAgain.abort(),
    stop: async () => {
      wellAgain.abort();
      await Promise.all(peers.map((peer) => peer.goAway()));
    },
  };
}

/** Writes down what is taken, and by whom it was brought. */
function openBooks(ownerOf: (peerPort: number) => string | undefined) {
  const receipts: Receipt[] = [];
  const notices: Notice[] = [];
  const unreadable: string[] = [];
  const expected = new Map<string, Expected>();
  const owners = new WeakMap<PeerSession, string>(); // one connection has one owner
  return {
    receipts,
    notices,
    unreadable,
    expect: (mark: string, message: Buffer) =>
      void expected.set(mark, { length: message.length, digest: digestOf(message) }),
    meet: (session: PeerSession): void => {
      const owner = owners.has(session) ? undefined : ownerOf(session.peerPort);
      if (owner !== undefined) owners.set(session, owner);
    },
    take: (mail: PeerMail): void => {
      const brought = { at: Date.now(), by: owners.get(mail.session) };
      if (mail.from !== '') return void receipts.push({ ...brought, ...receiptOf(mail, expected) });
      const notice = noticeOf(mail);
      if (notice === undefined) unreadable.push(mail.raw.toString('latin1', 0, 2_000));
      else notices.push({ ...brought, ...notice });
    },
  };
}

async function live(draw: Draw, signal: AbortSignal, become: (fit: Fit | undefined) => void): Promise<void> {
  const pause = (ms: number) => delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
  while (!signal.aborted) {
    await pause(draw.int(1_000, 8_000));
    if (signal.aborted) break;
    become(draw.pick(Object.keys(fits) as Fit[]));
    await pause(draw.scaled(1_000, 12_000));
    become(undefined);
  }
}

const points: readonly Point[] = ['CONNECT', 'EHLO', 'STARTTLS', 'MAIL', 'RCPT', 'DATA', 'BODY', 'DOT', 'RSET'];

/** An illness first as a rule, then whom this server refuses at the best of times. Nothing but a notice's fate depends on illness alone. */
function scriptOf(ill: () => Ill | undefined, draw: Draw, meet: (session: PeerSession) => void): Script {
  const greylisted = new Set<string>();
  const refusal = (point: Point, line: string, sender: string): Action | undefined => {
    if (point === 'RCPT' && line.includes(`<${goneRecipient}`)) return '550 5.1.1 nobody of that name';
    if (point === 'RCPT' && line.includes(`<${fullRecipient}`)) return '452 4.2.2 mailbox full';
    if (point === 'RCPT' && line.includes(`<${greylistedRecipient}`) && !greylisted.has(line)) {
      greylisted.add(line);
      return '451 4.7.1 greylisted, come again';
    }
    const [at, reply] = refusedSenders[sender.replace(/@.*/, '')] ?? [];
    return at === point ? reply : undefined;
  };
  return Object.fromEntries(
    points.map((point) => [
      point,
      (line: string, session: PeerSession) => {
        if (point === 'MAIL') meet(session); // whoever is killed later has no connection any more
        const mail = session.commands.findLast((command) => /^MAIL/i.test(command)) ?? '';
        const no = refusal(point, line, /<(.*?)>/.exec(mail)?.[1] ?? '');
        const illness = ill()?.(point, draw);
        return point === 'DOT' ? (no ?? illness) : (illness ?? no); // at the dot one of the ill says yes
      },
    ]),
  );
}

function receiptOf({ raw, to }: PeerMail, expected: ReadonlyMap<string, Expected>): Omit<Receipt, keyof Brought> {
  const mark = markOf(raw);
  const submitted = expected.get(mark ?? '');
  const intact = submitted !== undefined && digestOf(raw.subarray(raw.length - submitted.length)) === submitted.digest;
  return { mark, id: idOf(raw), to, intact };
}

function noticeOf({ raw }: PeerMail): Omit<Notice, keyof Brought> | undefined {
  try {
    const report = readReport(raw);
    const failed = report.recipients.filter(({ action }) => action === 'failed');
    return {
      id: /^Message-ID: <(\S+)@/im.exec(raw.toString('latin1', 0, 16_384))?.[1],
      mark: /^X-Ledger: (\S+?)\r?$/m.exec(report.returned)?.[1],
      failed: failed.map((recipient) => (recipient['final-recipient'] ?? '').replace(/^rfc822; ?/i, '')),
    };
  } catch {
    return undefined;
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
