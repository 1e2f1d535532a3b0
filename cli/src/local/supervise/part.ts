// What the supervisor starts: one process, where its output goes, how to see that it works. And what it tells of it.

export type Part = {
  /** `nats-server`, `operator`, `node-1`, `receiver`, `dns-server`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the supervisor's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Whether it is of use now. Never rejects; asked often until it says yes. */
  readonly probe: () => Promise<boolean>;
  /** Parts of a higher tier stop before those of a lower one, which they use. */
  readonly tier: number;
  /** How long it may take to end after SIGTERM. */
  readonly stopGraceMs: number;
};

export type PartEvent =
  | {
      readonly kind: 'ready';
      readonly part: string;
      readonly pid: number;
      /** From the start of the process until it was of use. */
      readonly ms: number;
      /** False when it was started again. */
      readonly first: boolean;
    }
  | { readonly kind: 'ended'; readonly part: string; readonly how: string; readonly retryInMs: number };
