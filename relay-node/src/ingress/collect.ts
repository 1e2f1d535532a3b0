// Takes in the bytes of one DATA command: checks them as they come and keeps them, as long as they fit.
// A message that does not fit is read to its end and thrown away, since SMTP has no way to say so earlier.
// All messages arriving at a node share one budget, so that many large ones cannot take its memory. The library cuts the bytes at
// every stuffed dot: chunks of a few bytes are merged, since each would weigh far more than what it holds and what is budgeted.
import { createLineScanner } from './line-scanner.ts';
import type { Content } from './session.ts';

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
  /** Gives the memory back; call it once the bytes are no longer held. */
  free(): void;
};

/** Reads `stream` to its end; undefined, holding nothing, when the client goes away before that. */
export async function collect(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
  budget: MemoryBudget,
): Promise<Collected | undefined> {
  const scanner = createLineScanner();
  let kept = createStore();
  let size = 0;
  let reserved = 0;
  let obstacle: 'too-large' | 'no-memory' | undefined;
  const free = () => {
    budget.release(reserved);
    reserved = 0;
    kept = createStore();
  };
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      if (obstacle !== undefined) continue;
      scanner.push(chunk);
      if (size > maxBytes) obstacle = 'too-large';
      else if (!budget.reserve(chunk.length)) obstacle = 'no-memory';
      if (obstacle !== undefined) {
        free();
        continue;
      }
      reserved += chunk.length;
      kept.push(chunk);
    }
  } catch {
    free();
    return undefined;
  }
  const { defect, eightBit } = scanner.end();
  const bytes = kept.take();
  // A message over the limit stays so although its first bytes may be clean; a defect in one that fits comes first.
  return { content: { bytes, size, eightBit, problem: obstacle ?? defect }, free };
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
