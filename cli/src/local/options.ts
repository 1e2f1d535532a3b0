// What `relayfleet local` was asked for, read from its flags, and what it is given to work with.
import { isAbsolute, join } from 'node:path';
import type { Call, Terminal } from '../command.ts';
import type { Submission, SubmissionResult } from '../send/submit.ts';
import { defaultState, stateDirectory, type StateDirectory } from '../state-directory.ts';

export type LocalOptions = {
  readonly manifests: string;
  readonly nodes: number;
  readonly state: StateDirectory;
  readonly receiver: boolean;
  /** A second place for the ready file, besides the one in the state directory. */
  readonly readyFile: string | undefined;
  readonly once: boolean;
};

export type LocalDeps = {
  readonly terminal: Terminal;
  /** Root of the relayfleet sources. */
  readonly home: string;
  readonly version: string;
  /** Path of a nats-server that is new enough; may build one first and tell how far it is. */
  readonly obtainNatsServer: (progress: (line: string) => void, signal: AbortSignal) => Promise<string>;
  readonly submit: (submission: Submission) => Promise<SubmissionResult>;
  /** Aborted by the first Ctrl-C. */
  readonly stop: AbortSignal;
  /** Aborted by the second. */
  readonly force: AbortSignal;
  readonly now: () => number;
};

export const usualNodes = 2;

/** A text is what is wrong with the call. */
export function readLocalOptions(call: Call, { cwd }: Terminal, home: string): LocalOptions | string {
  const inCwd = (path: string): string => (isAbsolute(path) ? path : join(cwd, path));
  if (call.args.length > 0) return `local takes no arguments, only flags; got "${call.args.join(' ')}"`;
  const receiver = !call.isSet('no-receiver');
  const once = call.isSet('once');
  if (once && !receiver)
    return '--once waits for the demonstration mail at the receiving server: leave --no-receiver out';
  const readyFile = call.text('ready-file');
  const manifests = inCwd(call.text('dir') ?? join(home, 'examples/local'));
  const state = stateDirectory(inCwd(call.text('state-dir') ?? defaultState));
  if (`${manifests}${state.root}`.includes(':')) return 'the paths of manifests and state may hold no colon';
  return {
    manifests,
    nodes: call.whole('nodes') ?? usualNodes,
    state,
    receiver,
    readyFile: readyFile === undefined ? undefined : inCwd(readyFile),
    once,
  };
}
