// Takes in the bytes of one DATA command: checks them as they come and keeps them, as long as they fit.
// A message that does not fit is read to its end and thrown away, since SMTP has no way to say so earlier.
// All messages arriving at a node share one budget, so that many large ones cannot take its memory.
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
  let chunks: Uint8Array[] = [];
  let size = 0;
  let reserved = 0;
  let obstacle: 'too-large' | 'no-memory' | undefined;
  const free = () => {
    budget.release(reserved);
    reserved = 0;
    chunks = [];
  };
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      scanner.push(chunk);
      if (obstacle !== undefined) continue;
      if (size > maxBytes) obstacle = 'too-large';
      else if (!budget.reserve(chunk.length)) obstacle = 'no-memory';
      if (obstacle !== undefined) {
        free();
        continue;
      }
      reserved += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    free();
    return undefined;
  }
  const { defect, eightBit } = scanner.end();
  const bytes = Buffer.concat(chunks);
  chunks = [];
  // A message over the limit stays so although its first bytes may be clean; a defect in one that fits comes first.
  return { content: { bytes, size, eightBit, problem: obstacle ?? defect }, free };
}
