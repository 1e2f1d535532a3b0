// Chance with a seed: the same seed draws the same numbers in the same order. A fork has a name and an order of its own, so that
// what one part of a run draws does not depend on how often another part drew. sfc32 (PractRand), seeded by SHA-256.
import { createHash } from 'node:crypto';

export type Draw = {
  /** 0 <= x < 1 */
  next(): number;
  /** A whole number, both ends included. */
  int(least: number, most: number): number;
  /** The same, small ones as likely as large ones by their order of magnitude. */
  scaled(least: number, most: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** By weights. */
  among<T>(weighted: readonly (readonly [weight: number, value: T])[]): T;
  fork(name: string): Draw;
};

export function openDraw(seed: string): Draw {
  const next = sfc32(createHash('sha256').update(seed).digest());
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  const pick = <T>(from: readonly T[]): T => {
    const picked = from[int(0, from.length - 1)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  };
  return {
    next,
    int,
    scaled: (least, most) => Math.round(least * (most / least) ** next()),
    chance: (share) => next() < share,
    pick,
    among: (weighted) => {
      let left = next() * weighted.reduce((sum, [weight]) => sum + weight, 0);
      const found = weighted.find(([weight]) => (left -= weight) < 0) ?? weighted.at(-1);
      if (found === undefined) throw new Error('nothing to choose among');
      return found[1];
    },
    fork: (name) => openDraw(`${seed}/${name}`),
  };
}

function sfc32(state: Buffer): () => number {
  let [a, b, c, counter] = [0, 4, 8, 12].map((at) => state.readUInt32LE(at)) as [number, number, number, number];
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
}
