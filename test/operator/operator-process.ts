// An operator process of a test's own, driven as an administrator would: environment, manifests, signals, log lines.
// The caller stops it; a process that ends by itself is reported with what it said.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../harness/ports.ts';
import { until } from '../harness/until.ts';

export type LogLine = { readonly msg: string; readonly level: string; readonly [field: string]: unknown };

export type OperatorProcess = {
  readonly telemetryUrl: string;
  pid(): number;
  /** Every line of this and earlier starts. */
  lines(): readonly LogLine[];
  /** Lines with that message. */
  said(message: string): readonly LogLine[];
  stderr(): string;
  /** Resolves when it is ready. */
  ready(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** Starts it again with the same environment; resolves when it is ready. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

const root = join(import.meta.dirname, '../..');

export async function startOperator(env: Readonly<Record<string, string>>): Promise<OperatorProcess> {
  const port = await freePort();
  const lines: LogLine[] = [];
  let stderr = '';

  function launch(): ChildProcess {
    const child = spawn(process.execPath, [join(root, 'operator/src/main.ts')], {
      env: { PATH: process.env['PATH'], RELAYFLEET_TELEMETRY: `127.0.0.1:${port}`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) lines.push(JSON.parse(line) as LogLine);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return child;
  }

  let child = launch();
  const telemetryUrl = `http://127.0.0.1:${port}`;
  const over = () => child.exitCode !== null || child.signalCode !== null;
  const kill = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (over()) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  const ready = async (): Promise<void> => {
    await until('the operator is ready', async () => {
      if (over()) throw new Error(`the operator ended: ${stderr}`);
      return (await fetch(`${telemetryUrl}/readyz`).catch(() => undefined))?.ok === true;
    });
  };
  return {
    telemetryUrl,
    pid: () => child.pid ?? 0,
    lines: () => lines,
    said: (message) => lines.filter(({ msg }) => msg === message),
    stderr: () => stderr,
    ready,
    kill,
    async restart() {
      await kill('SIGKILL');
      child = launch();
      await ready();
    },
    stop: async () => void (await kill('SIGKILL')),
  };
}
