// The message's part of accepting: from its bytes to the answer to its final dot. A small one is judged, framed and committed when it
// is there; a large one is judged by its header and stored while it arrives, judged again when it is there, and then committed.
// Composes the stages like accept.ts. What was stored of a message that is then refused has no entry: the sweeper removes it.
import { newMailId, type RandomBytes } from '@relayfleet/contract/mail-id.ts';
import type { DomainPolicy, Snapshot } from '@relayfleet/contract/snapshot.ts';
import type { EventLog } from '@relayfleet/jetstream/event-log.ts';
import type { MailQueue, StoredBody } from '@relayfleet/jetstream/mail-queue.ts';
import { passedBetween, type Reading } from './clock.ts';
import type { NodeEvents } from './events.ts';
import type { Content, LargeMessage, Session, Transaction } from './ingress/session.ts';
import { readHeader, type HeaderReading } from './policy/header.ts';
import { authorshipOf, judge, messageRules, type MessageFacts } from './policy/rules.ts';
import { enqueue, enqueueStored, type Enqueued, type Storing } from './queue/enqueue.ts';
import { destinationsOf, type AcceptedMail, type Destination } from './queue/entries.ts';
import { missingFields } from './queue/missing-fields.ts';
import { receivedLine } from './queue/received-line.ts';
import type { Answer } from './replies.ts';
import { createBodyHash, splitMessage } from './signing/canonicalise.ts';

export type MessageDeps = {
  /** Name of this node, for envelopes and events. */
  readonly node: string;
  readonly snapshot: () => Snapshot | undefined;
  readonly queue: Pick<MailQueue, 'commit' | 'putBody' | 'openBody'>;
  readonly log: Pick<EventLog, 'note'>;
  readonly events: NodeEvents;
  /** Routing's word: where mail from a domain's policy to a recipient domain is queued for. */
  readonly destinationOf: (policy: DomainPolicy, recipientDomain: string) => string;
  readonly now: () => number;
  /** This machine's clocks as they are: `now` believes no jump. */
  readonly clocks: () => Reading;
  readonly randomBytes: RandomBytes;
  /** Milliseconds; `commit` is for the durable commit of a message, all tries together. */
  readonly patience: { readonly commit: number };
};

export const notConfigured: Answer = { reply: 'noConfiguration' };

type Envelope = { readonly session: Session; readonly transaction: Transaction };
type Submission = Envelope & { readonly content: Content; readonly header: HeaderReading };

/** From the final dot to the answer, for a message in memory. */
export async function acceptMessage(deps: MessageDeps, submission: Omit<Submission, 'header'>): Promise<Answer> {
  const { content } = submission;
  const judged = judgeMessage(deps, { ...submission, header: readHeader(content.bytes) });
  if (!judged.ok) return judged.answer;

  const at = deps.now();
  const begun = deps.clocks();
  const id = newMailId(at, deps.randomBytes);
  const message = Buffer.concat([ownLines(judged.facts, id, at), content.bytes]);
  const arrived = { ...submission, facts: judged.facts, id, at, begun, size: message.length };
  return commit(deps, arrived, (storing, mail, destinations) => enqueue(storing, mail, destinations, message));
}

/** For one that does not stay in memory: `head` is the beginning of it, all of its header included. */
export function acceptLarge(deps: MessageDeps, envelope: Envelope, head: Uint8Array): LargeMessage {
  const header = readHeader(head);
  const soFar = { bytes: head, size: head.length, eightBit: false, problem: undefined };
  const early = judgeMessage(deps, { ...envelope, content: soFar, header });
  // A refusal now stores nothing; it is said at the end, if by then there is none that comes before it.
  if (!early.ok)
    return refused((content) => orElse(judgeMessage(deps, { ...envelope, content, header }), early.answer));

  const begun = deps.clocks();
  const at = deps.now();
  const id = newMailId(at, deps.randomBytes);
  const lines = ownLines(early.facts, id, at);
  const writer = deps.queue.openBody(id, deps.patience.commit);
  void writer.write(lines); // far less than a chunk
  const hash = createBodyHash();
  let skip = splitMessage(Buffer.from(head.buffer, head.byteOffset, head.byteLength)).bodyStart;
  let taken = 0;
  return {
    write(bytes) {
      taken += bytes.length;
      hash.push(bytes.subarray(skip));
      skip = Math.max(0, skip - bytes.length);
      return writer.write(bytes);
    },
    held: writer.held,
    abandon: writer.abandon,
    async end(content) {
      const judged = judgeMessage(deps, { ...envelope, content, header });
      if (!judged.ok) return judged.answer;
      if (taken !== content.size) throw new Error(`${taken} of ${content.size} bytes of a message were stored`);
      const store = async (deadlineMs: number): Promise<StoredBody> => {
        const stored = await writer.end(deadlineMs);
        return stored.ok ? { ok: true, ref: { ...stored.ref, relaxedHash: hash.end() } } : stored;
      };
      const size = lines.length + content.size;
      const arrived = { ...envelope, content, facts: judged.facts, id, at: deps.now(), begun, size };
      return commit(deps, arrived, (storing, mail, destinations) => enqueueStored(storing, mail, destinations, store));
    },
  };
}

function refused(end: (content: Content) => Answer): LargeMessage {
  return {
    write: () => undefined,
    held: () => 0,
    abandon: async () => undefined,
    end: async (content) => end(content),
  };
}

type Judged = { readonly ok: true; readonly facts: MessageFacts } | { readonly ok: false; readonly answer: Answer };

function judgeMessage(deps: MessageDeps, { session, transaction, content, header }: Submission): Judged {
  const snapshot = deps.snapshot();
  if (snapshot === undefined) return { ok: false, answer: notConfigured };
  const facts = { snapshot, session, sender: transaction.sender, content, header };
  const answer = judge(messageRules, facts);
  return answer === undefined ? { ok: true, facts } : { ok: false, answer };
}

function orElse(judged: Judged, answer: Answer): Answer {
  return judged.ok ? answer : judged.answer;
}

/** What goes in front of the message. */
function ownLines(facts: MessageFacts, id: string, at: number): Buffer {
  const { domain, tls } = authorshipOf(facts);
  const { session, sender, snapshot, header } = facts;
  const { helo, remoteAddress } = session;
  const { smtputf8 } = sender;
  const received = receivedLine({ helo, remoteAddress, by: snapshot.fleet.helloName, tls, smtputf8, id, at });
  return Buffer.from(received + missingFields(header, { id, domain: domain.domain, at }));
}

/** A message that nobody has anything against. */
type Arrived = Envelope & {
  readonly content: Content;
  readonly facts: MessageFacts;
  readonly id: string;
  readonly at: number;
  /** Before anything of it was stored. */
  readonly begun: Reading;
  /** Bytes of it with what is ours. */
  readonly size: number;
};

async function commit(
  deps: MessageDeps,
  { transaction, content, facts, id, at, begun, size }: Arrived,
  store: (storing: Storing, mail: AcceptedMail, destinations: readonly Destination[]) => Promise<Enqueued>,
): Promise<Answer> {
  // queue entries
  const { platform, domain, sender, tls } = authorshipOf(facts);
  const mail = { id, platform, domain, sender, transaction, eightBit: content.eightBit, at, node: deps.node };
  const destinations = destinationsOf(transaction.recipients, (to) => deps.destinationOf(domain, to));

  // durable commit
  const passed = () => passedBetween(begun, deps.clocks());
  const storing = { queue: deps.queue, now: deps.now, passed, deadlineMs: deps.patience.commit };
  const committed = await store(storing, mail, destinations);
  if (!committed.ok) {
    deps.events.queueProblem(committed.reason);
    return unstored(committed.reason, facts.snapshot);
  }

  record(deps, mail, { size, destinations: destinations.length, tls: tls.version });
  return { reply: 'queued', values: { id } };
}

function unstored(reason: Extract<Enqueued, { ok: false }>['reason'], { fleet }: Snapshot): Answer {
  switch (reason) {
    case 'unavailable':
      return { reply: 'queueUnavailable' };
    case 'full':
      return { reply: 'queueFull' };
    case 'too-late':
      return { reply: 'storedTooLate' };
    case 'too-large':
      return { reply: 'sizeExceeded', values: { limit: fleet.limits.maxMessageBytes } };
  }
}

/** The 250 does not wait for the event: the mail is safe without it, and it is written together with others. */
function record(
  { log, events, now, node }: MessageDeps,
  { id, at, platform, domain, transaction }: AcceptedMail,
  facts: { readonly size: number; readonly destinations: number; readonly tls: string },
): void {
  const recipients = transaction.recipients.length;
  const about = { v: 1, at, node, id, k: 0, platform: platform.ref, domain: domain.domain } as const;
  const what = {
    type: 'accepted',
    kind: 'mail',
    lane: platform.lane,
    recipients,
    commitMs: Math.max(0, now() - at), // the clock may have been set back meanwhile
    ...facts,
  } as const;
  const event = { ...about, ...what };
  events.accepted(event);
  log.note(event);
}
