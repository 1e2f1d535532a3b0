// A real nats-server of one's own: fresh directory and ports, the users of every role, and the ways it can fail.
// The configuration is the one a single machine runs with. The caller stops it; nothing is left behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsRole } from '@relayfleet/contract/nats-roles.ts';
import { connectNats, type Nats, type NatsSettings } from '@relayfleet/jetstream/connect.ts';
import { natsServerConfig, type NatsUsers } from '@relayfleet/jetstream/server-config.ts';
import { obtainTools, progressToStderr } from '../../hack/tools/obtain.ts';
import { freePort } from './ports.ts';

export type NatsOptions = {
  /** Holds configuration, store and log; default is a temporary directory that `stop` removes. */
  readonly dir?: string;
  readonly port?: number;
  readonly syncAlways?: boolean;
  readonly maxFileStore?: number;
  /** Appended to the configuration. */
  readonly extraConfig?: string;
  /** Another nats-server than the pinned one. */
  readonly binary?: string;
};

export type NatsServer = {
  readonly url: string;
  readonly monitorUrl: string;
  readonly dir: string;
  readonly users: NatsUsers;
  /** Process id of the server that runs now. */
  pid(): number;
  settings(role: NatsRole, name?: string): NatsSettings;
  connect(role: NatsRole): Promise<Nats>;
  /** Freezes the process: connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL, as a crash; the store stays. */
  kill9(): Promise<void>;
  /** Starts the same server again on the same port and store, after `kill9` or an orderly stop of a running one. */
  restart(): Promise<void>;
  /** Connections made by `connect` are closed, the server ends, a temporary directory goes. */
  stop(): Promise<void>;
  log(): Promise<string>;
};

const users: NatsUsers = {
  operator: { username: 'operator', password: 'operator-password' },
  node: { username: 'node', password: 'node-password' },
  reader: { username: 'reader', password: 'reader-password' },
  keeper: { username: 'keeper', password: 'keeper-password' },
};

export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const binary = options.binary ?? (await pinnedServer());
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'relayfleet-nats-')));
  const port = options.port ?? (await freePort());
  const monitorPort = await freePort();
  const configFile = join(dir, 'nats-server.conf');
  await mkdir(dir, { recursive: true });
  const { syncAlways, maxFileStore } = options;
  const config = natsServerConfig({
    host: '127.0.0.1',
    port,
    monitorPort,
    storeDir: join(dir, 'store'),
    users,
    ...(syncAlways === undefined ? {} : { syncAlways }),
    ...(maxFileStore === undefined ? {} : { maxFileStore }),
  });
  await writeFile(configFile, config + (options.extraConfig ?? ''), { mode: 0o600 });

  const logFile = join(dir, 'nats-server.log');
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  const start = () => startProcess({ binary, configFile, logFile, monitorUrl });
  const removeOwnDir = async () => {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  let child = await start().catch(async (error: unknown) => {
    await removeOwnDir();
    throw error;
  });
  const connections: Nats[] = [];

  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await exited;
  };
  const settings = (role: NatsRole, name = `test-${role}`): NatsSettings => ({
    url: `nats://127.0.0.1:${port}`,
    ...users[role],
    role,
    name,
  });

  return {
    url: `nats://127.0.0.1:${port}`,
    monitorUrl,
    dir,
    users,
    pid: () => child.pid ?? 0,
    settings,
    connect: async (role) => {
      const nats = await connectNats(settings(role));
      connections.push(nats);
      return nats;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill9: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      child = await start();
    },
    stop: async () => {
      child.kill('SIGCONT');
      await Promise.all(connections.map((nats) => nats.close()));
      await end('SIGTERM');
      await removeOwnDir();
    },
    log: () => readFile(logFile, 'utf8'),
  };
}

async function pinnedServer(): Promise<string> {
  const path = (await obtainTools(['nats-server'], { progress: progressToStderr })).get('nats-server');
  if (path === undefined) throw new Error('nats-server: obtained without a path');
  return path;
}

type Launch = {
  readonly binary: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly monitorUrl: string;
};

const healthyWithinMs = 60_000;

/** Resolves when the server has read its store and takes connections. */
async function startProcess({ binary, configFile, logFile, monitorUrl }: Launch): Promise<ChildProcess> {
  const child = spawn(binary, ['-c', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  child.stderr?.on('data', (text: Buffer) => void appendFile(logFile, text));
  const started = performance.now(); // by the clock: on a machine that is busy enough each look takes seconds
  while (performance.now() - started < healthyWithinMs) {
    if (child.exitCode !== null) throw new Error(`nats-server ended at once: ${await readFile(logFile, 'utf8')}`);
    if (await isHealthy(monitorUrl)) return child;
    await delay(20);
  }
  child.kill('SIGKILL');
  throw new Error(`nats-server is not healthy after ${healthyWithinMs / 1000} s: ${await readFile(logFile, 'utf8')}`);
}

async function isHealthy(monitorUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${monitorUrl}/healthz`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}
