// A body on its way into the stream, also while it is still arriving: cut into chunks of 1 MB, few of them in memory at once, so
// that a large body costs no more memory than a small one. Size and digest are taken in passing. Where a chunk lies is noted as
// soon as it is stored, for whoever has to remove half a body. Refuses to know whose body it is and whether it will be wanted.
import { createHash } from 'node:crypto';
import type { BodyRef } from '@relayfleet/contract/envelope.ts';
import { bodyPlacesSubject, bodySubject } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { insist, publishOne, type Message, type Refusal } from './publish.ts';

export type ChunkedBody = Extract<BodyRef, { kind: 'chunks' }>;
export type StoredBody = { readonly ok: true; readonly ref: ChunkedBody } | Refusal;

export type BodyWriter = {
  /**
   * Takes bytes over. Where it answers with a promise, the next ones wait for that, and it never rejects. After a refusal it takes
   * everything and keeps nothing.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Bytes of memory it takes at the moment. */
  held(): number;
  /** Stores the rest within `deadlineMs`: everything is durable then, or the answer says what stood in the way. */
  end(deadlineMs: number): Promise<StoredBody>;
  /** The end will not come: nothing more is begun. Resolves when what was on its way has ended, and takes no memory any more. */
  abandon(): Promise<void>;
};

export type WriterPatience = {
  /** One try of one chunk waits this long for its answer. */
  readonly timeoutMs: number;
  /** Milliseconds for a chunk that is begun now, its note among them. */
  readonly chunkMs: () => number;
};

export const chunkBytes = 1_000_000;
/** Filling or on their way: the next one fills while others are synced. */
const chunksHeld = 3;

/** Stores a body under the mail's id; the same body again replaces itself. */
export function openBodyWriter(nats: Nats, id: string, { timeoutMs, chunkMs }: WriterPatience): BodyWriter {
  const whole = createHash('sha256');
  const underWay = new Set<Promise<void>>();
  const spare: Buffer[] = [];
  let filling: Buffer | undefined;
  let filled = 0;
  let size = 0;
  let chunks = 0;
  let refusal: Refusal | undefined;

  const store = async (payload: Uint8Array, chunk: number, deadlineMs: number): Promise<boolean> => {
    const end = performance.now() + deadlineMs;
    const durable = (message: Message, onStored?: (sequence: number) => void) =>
      insist(nats, { timeoutMs, deadlineMs: end - performance.now() }, (ms) => publishOne(nats, message, ms, onStored));
    let place = 0;
    const message = { subject: bodySubject(id, chunk), payload, messageId: chunkName(id, chunk, payload) };
    const stored = await durable(message, (sequence) => (place = sequence));
    const note = bodyPlacesSubject(id, [place]);
    const noted = stored.ok ? await durable({ subject: note, payload: nothing, messageId: note }) : stored;
    if (!noted.ok) giveUp(noted);
    return noted.ok;
  };
  const giveUp = (why: Refusal) => {
    refusal ??= why;
    filling = undefined;
    spare.length = 0;
  };
  const ship = (deadlineMs: number) => {
    const buffer = filling ?? nothing;
    const under = store(buffer.subarray(0, filled), chunks++, deadlineMs).then((ok) => {
      underWay.delete(under);
      // What was answered has left this process in every copy there was, so its memory can be used again.
      if (ok && refusal === undefined && buffer.length > 0) spare.push(buffer);
    });
    underWay.add(under);
    filling = undefined;
    filled = 0;
  };
  const take = (bytes: Uint8Array): Promise<void> | undefined => {
    for (let at = 0; at < bytes.length && refusal === undefined;) {
      if (filling === undefined && underWay.size === chunksHeld)
        return Promise.race(underWay).then(() => take(bytes.subarray(at)));
      filling ??= spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
      const taken = bytes.subarray(at, at + chunkBytes - filled);
      filling.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled === chunkBytes) ship(chunkMs());
    }
    return undefined;
  };

  return {
    write(bytes) {
      if (refusal !== undefined) return undefined;
      size += bytes.length;
      whole.update(bytes);
      return take(bytes);
    },
    held: () => (underWay.size + spare.length + (filling === undefined ? 0 : 1)) * chunkBytes,
    async end(deadlineMs) {
      if (refusal === undefined && (filled > 0 || chunks === 0)) ship(deadlineMs);
      await Promise.all(underWay);
      return refusal ?? { ok: true, ref: { kind: 'chunks', size, chunks, sha256: whole.digest('hex') } };
    },
    async abandon() {
      giveUp({ ok: false, reason: 'unavailable', detail: 'the body was given up' });
      await Promise.all(underWay);
    },
  };
}

/**
 * The message id a chunk is stored under, which the server keeps with it. Its digest is part of that: another body under the same id
 * must not be taken for a repetition, and who reads one chunk alone can tell whether it is whole.
 */
export function chunkName(id: string, chunk: number, bytes: Uint8Array): string {
  return `${id}.${chunk}.${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
}

const nothing = Buffer.alloc(0);
