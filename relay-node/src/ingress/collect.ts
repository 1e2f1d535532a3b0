// Takes in the bytes of one DATA command: checks them as they come, keeps those of a small message, and passes those of a large one
// on, no faster than they are taken. A message that does not fit is read to its end and thrown away, since SMTP has no way to say so
// earlier; `client-stream.ts` cuts off one without an end.
// All messages arriving at a node share one budget, so that many large ones cannot take its memory. The library cuts the bytes at
// every stuffed dot: chunks of a few bytes are merged, since each would weigh far more than what it holds and what is budgeted.
import { createLineScanner } from './line-scanner.ts';
import type { Content, LargeMessage } from './session.ts';

export type MemoryBudget = {
  /** Takes `bytes` from the budget; false when that is more than is left. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
};

export function createMemoryBudget(limit: number): MemoryBudget {
  let used = 0;
  return {
    reserve(bytes) {
      if (used + bytes > limit) return false;
      used += bytes;
      return true;
    },
    release(bytes) {
      used -= bytes;
    },
  };
}

export type Collected = {
  readonly content: Content;
  /** Who took the bytes, where they were too many to keep; whether they were taken whole is for `content.problem` to say. */
  readonly large: LargeMessage | undefined;
  /** Gives the memory back; call it once nobody needs the bytes any more. */
  free(): void;
};

export type Room = {
  readonly maxBytes: number;
  readonly budget: MemoryBudget;
  /** A message beyond this size is not kept but passed on as it comes. */
  readonly keepBytes: number;
  readonly passOn: (head: Uint8Array) => LargeMessage;
};

/** Reads `stream` to its end; undefined, holding nothing, when the client goes away before that. */
export async function collect(
  stream: AsyncIterable<Uint8Array>,
  { maxBytes, budget, keepBytes, passOn }: Room,
): Promise<Collected | undefined> {
  const scanner = createLineScanner();
  const share = openShare(budget);
  let kept = createStore();
  let large: LargeMessage | undefined;
  let size = 0;
  let obstacle: 'too-large' | 'no-memory' | undefined;
  const free = () => {
    kept = createStore();
    if (large === undefined) share.hold(0);
    else void large.abandon().then(() => share.hold(0));
  };
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      if (obstacle !== undefined) continue;
      scanner.push(chunk);
      if (size > maxBytes) obstacle = 'too-large';
      else if (!share.hold(large?.held() ?? size)) obstacle = 'no-memory';
      if (obstacle !== undefined) free();
      else if (large !== undefined) await (scanner.failed() ? large.abandon() : large.write(chunk));
      else kept.push(chunk);
      if (obstacle !== undefined || large !== undefined || size <= keepBytes) continue;
      const head = kept.take();
      large = passOn(head);
      await large.write(head);
    }
  } catch {
    free();
    return undefined;
  }
  const { defect, eightBit } = scanner.end();
  const bytes = kept.take();
  // A message over the limit stays so although its first bytes may be clean; a defect in one that fits comes first.
  return { content: { bytes, size, eightBit, problem: obstacle ?? defect }, large, free };
}

/** One message's part of the budget. */
function openShare(budget: MemoryBudget): { hold(bytes: number): boolean } {
  let reserved = 0;
  return {
    /** Makes it `bytes`; false, and nothing changes, when that is more than there is. */
    hold(bytes) {
      if (bytes > reserved && !budget.reserve(bytes - reserved)) return false;
      if (bytes < reserved) budget.release(reserved - bytes);
      reserved = bytes;
      return true;
    },
  };
}

/** Chunks merged at a time, and how small they are together then. */
const merging = { chunks: 64, bytes: 64 * 1024 } as const;

/** Chunks in order, in about as much memory as they have bytes. */
function createStore(): { push(chunk: Uint8Array): void; take(): Uint8Array } {
  let kept: Uint8Array[] = [];
  let fresh: Uint8Array[] = [];
  let freshBytes = 0;
  const settle = () => {
    if (freshBytes < merging.bytes) kept.push(Buffer.concat(fresh));
    else kept.push(...fresh);
    fresh = [];
    freshBytes = 0;
  };
  return {
    push(chunk) {
      fresh.push(chunk);
      freshBytes += chunk.length;
      if (fresh.length === merging.chunks) settle();
    },
    take() {
      const bytes = Buffer.concat([...kept, ...fresh]);
      kept = fresh = [];
      return bytes;
    },
  };
}
