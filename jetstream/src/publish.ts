// Durable publishing: one message, or several as one atomic batch, tried with the same message ids until an answer is certain
// or the deadline is over. A success is always the server's own acknowledgement, which follows its fsync.
import { setTimeout as delay } from 'node:timers/promises';
import { headers, InvalidArgumentError, nuid, type MsgHdrs } from '@nats-io/transport-node';
import type { Nats } from './connect.ts';
import { judge, type Verdict } from './verdict.ts';

export type Message = {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** The server stores a message once for each id within the duplicate window. */
  readonly messageId: string;
  readonly headers?: Headers;
};

/** Why nothing was stored, or nobody could tell within the deadline. */
export type Refusal = {
  readonly ok: false;
  /** unavailable: no answer, no leader, too busy. full: a storage limit. too-large: will never fit. */
  readonly reason: 'unavailable' | 'full' | 'too-large';
  readonly detail: string;
};
/** `duplicate`: an earlier try with the same ids had already stored it. */
export type Commit = { readonly ok: true; readonly duplicate: boolean } | Refusal;

export type Patience = {
  /** One try waits this long for its answer. */
  readonly timeoutMs: number;
  /** All tries together. */
  readonly deadlineMs: number;
};

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** Repeats `attempt` until its verdict is certain or the deadline is over; waits out a lost connection without sending. */
export async function insist(
  nats: Nats,
  { timeoutMs, deadlineMs }: Patience,
  attempt: (timeoutMs: number) => Promise<Verdict>,
): Promise<Commit> {
  const end = performance.now() + deadlineMs;
  const left = () => end - performance.now();
  let detail = 'NATS is not connected';
  for (let pause = firstPauseMs; left() > 0; pause = Math.min(pause * 2, longestPauseMs)) {
    if (!(await nats.connectedWithin(left()))) break;
    const verdict = await attempt(Math.max(1, Math.min(timeoutMs, left())));
    if (verdict.kind === 'stored') return { ok: true, duplicate: verdict.duplicate };
    if (verdict.kind === 'refused') return { ok: false, reason: verdict.reason, detail: verdict.detail };
    // Only this caller's own messages are in the batch, all or none: one id known means all are stored.
    if (verdict.kind === 'holds-duplicate') return { ok: true, duplicate: true };
    detail = verdict.detail;
    await delay(Math.max(0, Math.min(pause, left())));
  }
  return { ok: false, reason: 'unavailable', detail };
}

/** One try of one message; `onStored` is told its place in the stream. */
export async function publishOne(
  nats: Nats,
  message: Message,
  timeoutMs: number,
  onStored: (sequence: number) => void = () => undefined,
): Promise<Verdict> {
  const ack = await ask(nats, message, { timeoutMs });
  if ('kind' in ack) return ack;
  if (ack.seq === undefined) return { kind: 'again', detail: 'an acknowledgement without a sequence' };
  onStored(ack.seq);
  return { kind: 'stored', duplicate: ack.duplicate === true };
}

/**
 * One try of several messages of one stream as an atomic batch: all are stored or none. Written out here because the client's
 * own batch hides the server's error number and waits for an extra round trip (headers: nats-architecture ADR-50).
 */
export async function publishBatch(nats: Nats, messages: readonly Message[], timeoutMs: number): Promise<Verdict> {
  const batch = nuid.next();
  const last = messages.at(-1);
  if (last === undefined) return { kind: 'stored', duplicate: false };
  for (const [index, message] of messages.slice(0, -1).entries()) {
    const sent = send(nats, message, { 'Nats-Batch-Id': batch, 'Nats-Batch-Sequence': `${index + 1}` });
    if (sent !== undefined) return sent;
  }
  const ack = await ask(nats, last, {
    timeoutMs,
    extra: { 'Nats-Batch-Id': batch, 'Nats-Batch-Sequence': `${messages.length}`, 'Nats-Batch-Commit': '1' },
  });
  if ('kind' in ack) return ack;
  if (ack.count === messages.length) return { kind: 'stored', duplicate: false };
  return { kind: 'again', detail: `a batch of ${messages.length} was acknowledged as ${String(ack.count)}` };
}

type Headers = Readonly<Record<string, string>>;
type Acknowledgement = {
  readonly error?: { readonly err_code?: number; readonly description?: string };
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly count?: number;
};

/** Publishes and waits for the server's word; a failure comes back as its verdict, for the caller's deadline to decide. */
async function ask(
  nats: Nats,
  message: Message,
  { timeoutMs, extra = {} }: { readonly timeoutMs: number; readonly extra?: Headers },
): Promise<Acknowledgement | Verdict> {
  try {
    const headers = toHeaders(message, extra);
    const reply = await nats.ask(message.subject, message.payload, { headers, timeoutMs });
    const ack = reply.json<Acknowledgement>();
    if (ack.error === undefined) return ack;
    return judge({ code: ack.error.err_code, description: ack.error.description ?? 'an error without words' });
  } catch (error) {
    return judgeFailure(error);
  }
}

/** Publishes without an answer; undefined, or what it means that this was not possible. */
function send(nats: Nats, message: Message, extra: Headers): Verdict | undefined {
  try {
    nats.nc.publish(message.subject, message.payload, { headers: toHeaders(message, extra) });
    return undefined;
  } catch (error) {
    return judgeFailure(error);
  }
}

function judgeFailure(error: unknown): Verdict {
  // The client refuses by itself what exceeds the server's max_payload.
  if (error instanceof InvalidArgumentError && error.message.includes('max_payload'))
    return { kind: 'refused', reason: 'too-large', detail: error.message };
  return judge({ description: error instanceof Error ? error.message : String(error) });
}

function toHeaders(message: Message, extra: Headers): MsgHdrs {
  const result = headers();
  result.set('Nats-Msg-Id', message.messageId);
  for (const [name, value] of Object.entries({ ...message.headers, ...extra })) result.set(name, value);
  return result;
}
