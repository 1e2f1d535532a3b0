// One run of `relayfleet local` in a temporary directory: starts it with its own ports and manifests, waits for its ready
// file, stops it. Knows nothing of mail. The caller removes the directory when it has no more use for the logs.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { readReadyFile, type ReadyFile } from '../../cli/src/local/ready-file.ts';
import type { Manifest } from './manifests.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

export type LocalOptions = {
  readonly manifests: readonly Manifest[];
  readonly nodes?: number;
  readonly retries?: string;
  readonly env?: Readonly<Record<string, string>>;
};

export type LocalRun = {
  readonly directory: string;
  /** Rejects with the last lines it printed when it ends instead, or takes too long. */
  untilReady(): Promise<void>;
  /** The ready file as it stands. */
  ready(): ReadyFile | undefined;
  readonly apply: (file: string, manifests: readonly Manifest[]) => void;
  /** As Ctrl-C. */
  readonly stop: () => Promise<void>;
  /** As a power cut: every process at once, without a word. */
  readonly crash: () => Promise<void>;
  /** Starts again on the same state, after `stop` or `crash`. */
  readonly startAgain: () => Promise<void>;
};

const home = join(import.meta.dirname, '../..');
const startPatienceMs = 120_000;
const stopPatienceMs = 30_000;

export async function startLocal({ manifests, nodes = 2, retries, env = {} }: LocalOptions): Promise<LocalRun> {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-e2e-'));
  const logFile = join(directory, 'local.log');
  const readyFile = join(directory, 'ready.json');
  const apply: LocalRun['apply'] = (file, changed) => writeManifests(join(directory, 'manifests', file), changed);
  apply('fleet.yaml', manifests);
  await reservePorts(join(directory, 'state'), nodes);
  const flags = {
    '--state-dir': join(directory, 'state'),
    '--dir': join(directory, 'manifests'),
    '--nodes': String(nodes),
    '--ready-file': readyFile,
  };
  const retryDelays = retries === undefined ? {} : { RELAYFLEET_RETRY_DELAYS: retries };
  const launch = () => spawnLocal(Object.entries(flags).flat(), { ...retryDelays, ...env }, logFile);
  let child = launch();

  const ready = () => readReadyFile(readyFile);
  const lastLines = (): string => readFileSync(logFile, 'utf8').split('\n').slice(-40).join('\n');
  const untilReady = async (): Promise<void> => {
    await until(
      () => `a ready fleet; its last lines:\n${lastLines()}`,
      () => {
        if (child.exitCode !== null) throw new Error(`the fleet ended at its start:\n${lastLines()}`);
        return ready();
      },
      { withinMs: startPatienceMs },
    );
  };
  return {
    directory,
    apply,
    ready,
    untilReady,
    stop: () => end(child),
    crash: async () => {
      const pids = ready()?.parts.map(({ pid }) => pid) ?? [];
      const ended = once(child, 'exit');
      child.kill('SIGKILL'); // first, lest it restart the others
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await ended;
    },
    startAgain: async () => {
      rmSync(readyFile, { force: true });
      child = launch();
      await untilReady();
    },
  };
}

function spawnLocal(flags: readonly string[], env: NonNullable<LocalOptions['env']>, logFile: string): ChildProcess {
  const child = spawn(join(home, 'hack/node'), ['cli/src/main.ts', 'local', '--no-receiver', ...flags], {
    cwd: home,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  leaveNothingBehind(child);
  return child;
}

/** A test that is itself ended takes its fleet along: the parts follow their supervisor. */
function leaveNothingBehind(child: ChildProcess): void {
  process.once('exit', () => child.kill('SIGKILL'));
  process.once('SIGTERM', () => process.exit(143));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const force = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs);
  child.kill('SIGINT');
  await ended;
  clearTimeout(force);
}

/** As if left by an earlier run: two fleets that start at one moment would both find the usual ports free. */
export async function reservePorts(state: string, nodes: number): Promise<void> {
  const ofNodes = Array.from({ length: nodes }, (_, i) =>
    ['submissions', 'submission', 'telemetry'].map((purpose) => `node-${i + 1} ${purpose}`),
  );
  const ports: Record<string, number> = {};
  for (const name of ['nats-server', 'receiver', 'dns-server', 'operator telemetry', ...ofNodes.flat()])
    ports[name] = await freePort();
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, 'ports.json'), JSON.stringify(ports));
}

/** Whole at once, since the operator is watching. */
function writeManifests(file: string, manifests: readonly Manifest[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, manifests.map((manifest) => stringify(manifest)).join('---\n'));
  renameSync(`${file}.tmp`, file);
}
