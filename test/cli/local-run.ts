// `relayfleet local` with its receiving server, on a copy of the example manifests, with ports of its own, for the tests of
// the command line: what it prints is what they are about.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readReadyFile, type ReadyFile } from '../../cli/src/local/ready-file.ts';
import { freePort } from '../harness/ports.ts';
import { until } from '../harness/until.ts';

export const home = join(import.meta.dirname, '../..');

export type LiveRun = {
  readonly state: string;
  readonly manifests: string;
  /** Everything printed so far. */
  printed(): string;
  ready(): ReadyFile;
  /** Replaces text in one of the manifests. */
  edit(file: string, from: string | RegExp, to: string): void;
  /** Waits until something new is printed that matches. */
  saysNext(pattern: RegExp): Promise<string>;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
  readonly pid: number;
};

/** Resolves once the fleet is up and has printed what to copy. */
export async function startLive(t: TestContext): Promise<LiveRun> {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-cli-'));
  const [state, manifests] = [join(directory, 'state'), join(directory, 'manifests')];
  cpSync(join(home, 'examples/local'), manifests, { recursive: true });
  await reservePorts(state);
  const child = spawn(process.execPath, ['cli/src/main.ts', 'local', '--state-dir', state, '--dir', manifests], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const stop = async (): Promise<number | null> => {
    child.kill('SIGINT');
    return (await exited)[0];
  };
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) await stop();
    rmSync(directory, { recursive: true, force: true });
  });
  await until(
    () => `the fleet to be up; it printed:\n${output}`,
    () => {
      if (child.exitCode !== null) throw new Error(`it ended at its start:\n${output}`);
      return output.includes('Ctrl-C stops everything');
    },
  );
  let seen = output.length;
  return {
    state,
    manifests,
    pid: child.pid ?? 0,
    printed: () => output,
    ready: () => readReadyFile(join(state, 'ready.json')) ?? assertNever(`no ready file in ${state}`),
    edit: (file, from, to) => {
      const path = join(manifests, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    },
    saysNext: async (pattern) => {
      const found = await until(
        () => `${pattern} in:\n${output.slice(seen)}`,
        () => pattern.exec(output.slice(seen)) ?? undefined,
        { withinMs: 20_000 },
      );
      seen += found.index + found[0].length;
      return found[0];
    },
    stop,
  };
}

/** As if left by an earlier run: several fleets may start at one moment. */
async function reservePorts(state: string): Promise<void> {
  const nodes = ['node-1', 'node-2'].flatMap((node) => [
    `${node} submissions`,
    `${node} submission`,
    `${node} telemetry`,
  ]);
  const ports: Record<string, number> = {};
  for (const name of ['nats-server', 'receiver', 'dns-server', 'operator telemetry', ...nodes])
    ports[name] = await freePort();
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, 'ports.json'), JSON.stringify(ports));
}

function assertNever(message: string): never {
  throw new Error(message);
}
