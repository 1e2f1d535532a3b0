// What minting takes from outside: the clock and randomness. Tests give their own; main.ts gives the real ones.
export type MintDeps = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
};
