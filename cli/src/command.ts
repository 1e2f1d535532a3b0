// What a command of `relayfleet` is: its words, flags, help and the function behind it. The table in commands.ts holds
// them all; parsing, help and docs/reference/cli.md are made from that table and know no single command.

/** Exit codes, as kubectl has them: 0 done, 1 failed, 2 called wrongly. */
export type Outcome = { readonly code: 0 } | { readonly code: 1 | 2; readonly problem: string };
export const done: Outcome = { code: 0 };

export function failed(problem: string): Outcome {
  return { code: 1, problem };
}

export function misused(problem: string): Outcome {
  return { code: 2, problem };
}

export type Flag = {
  /** Without dashes. */
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value in help; a flag without one is a switch. */
  readonly value?: string;
  /** The only values taken, where they are few. */
  readonly choices?: readonly string[];
  /** The value is a whole number, no less and no more than that. */
  readonly whole?: { readonly least: number; readonly most?: number };
  /** May be given several times. */
  readonly many?: true;
  /** A switch that is on unless it is turned off, `--wait=false`. */
  readonly on?: true;
  /** What counts without it, as help says it; the command applies it. */
  readonly otherwise?: string;
  readonly description: string;
};

export type Call = {
  text(flag: string): string | undefined;
  /** Of a flag that may be given several times, in that order. */
  texts(flag: string): readonly string[];
  /** Of a flag whose value is a whole number. */
  whole(flag: string): number | undefined;
  isSet(flag: string): boolean;
  readonly args: readonly string[];
};

/** Everything a command may touch of the process it runs in. */
export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Asks whoever sits there, and gives the answer; undefined where nobody does: input or output is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** From its call on, Ctrl-C aborts the signal and does not end the process. */
  readonly interruption: () => AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
};

export type Command = {
  /** The words that call it: `queue ls`. */
  readonly name: string;
  /** Positional arguments as help shows them: `DOMAIN`, `[KIND [NAME]]`. */
  readonly args?: string;
  readonly summary: string;
  /** Paragraphs below the summary. */
  readonly description?: string;
  readonly flags: readonly Flag[];
  /** Flags that others of its kind take and it does not, by name: why. */
  readonly lacks?: Readonly<Record<string, string>>;
  readonly examples: readonly { readonly does: string; readonly line: string }[];
  readonly run: (call: Call, terminal: Terminal) => Promise<Outcome>;
};
