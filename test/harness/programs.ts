// The operator and the relay node as processes of their own, for tests that put a fleet together by hand: started from
// environment and mounted files alone, as in a pod. Each has its log, its telemetry address, and ends with the test.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './ports.ts';
import type { Listener } from './submit.ts';
import { until } from './until.ts';

export type Program = {
  readonly pid: number;
  /** Base of /metrics, /healthz and /readyz. */
  readonly telemetry: string;
  /** Everything it has written so far, standard error included. */
  log(): string;
  /** The exit code once it has ended by itself or by a signal; undefined while it runs. */
  exitCode(): number | null | undefined;
  /** Waits until /readyz is 200. Rejects with its last lines when it ends or takes too long. */
  untilReady(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
};

export type Started = Program & { readonly logFile: string };

type Env = Readonly<Record<string, string>>;
/** Where logs go, and who is told to stop them. */
type Site = { readonly t: TestContext; readonly directory: string };

const home = join(import.meta.dirname, '../..');

export function startOperator(site: Site, env: Env): Promise<Started> {
  return start(site, 'operator', 'operator/src/main.ts', env);
}

export type NodeOptions = {
  readonly name: string;
  /** Directory with bootstrap.json. */
  readonly bootstrap: string;
  /** Directory with tls.crt and tls.key. */
  readonly tls: string;
  /** Default: free ports. */
  readonly implicitPort?: number;
  readonly startTlsPort?: number;
  readonly env?: Env;
};

export type RunningNode = Started & { readonly implicit: Listener; readonly startTls: Listener };

export async function startNode(site: Site, options: NodeOptions): Promise<RunningNode> {
  const { name, bootstrap, tls, env = {} } = options;
  const host = '127.0.0.1';
  const implicit: Listener = { host, port: options.implicitPort ?? (await freePort()), tls: 'implicit' };
  const startTls: Listener = { host, port: options.startTlsPort ?? (await freePort()), tls: 'starttls' };
  const program = await start(site, name, 'relay-node/src/main.ts', {
    RELAYFLEET_NODE_NAME: name,
    RELAYFLEET_BOOTSTRAP_DIR: bootstrap,
    RELAYFLEET_TLS_DIR: tls,
    RELAYFLEET_LISTENERS: `implicit:${host}:${implicit.port},starttls:${host}:${startTls.port}`,
    ...env,
  });
  return { ...program, implicit, startTls };
}

async function start({ t, directory }: Site, name: string, script: string, env: Env): Promise<Started> {
  const telemetryPort = await freePort();
  const logFile = join(directory, `${name}.log`);
  const child = spawn(process.execPath, [script], {
    cwd: home,
    env: { ...process.env, RELAYFLEET_TELEMETRY: `127.0.0.1:${telemetryPort}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  await once(log, 'open');
  t.after(() => end(child, 'SIGKILL'));
  const telemetry = `http://127.0.0.1:${telemetryPort}`;
  const read = () => readFileSync(logFile, 'utf8');
  const lastLines = () => read().split('\n').slice(-20).join('\n');
  return {
    pid: child.pid ?? 0,
    telemetry,
    logFile,
    log: read,
    exitCode: () => (hasEnded(child) ? child.exitCode : undefined),
    untilReady: async () => {
      await until(
        () => `${name} is ready; its last lines:\n${lastLines()}`,
        async () => {
          if (hasEnded(child)) throw new Error(`${name} ended:\n${lastLines()}`);
          return answersOk(`${telemetry}/readyz`);
        },
        { withinMs: 60_000, everyMs: 100 },
      );
    },
    stop: (signal = 'SIGTERM') => end(child, signal),
  };
}

async function answersOk(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
