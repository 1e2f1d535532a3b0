// One measured round: start receiver and contender, warm up, send, wait until the last mail has arrived, take the figures.
// Every mail must arrive, and signed; otherwise the round fails, since a figure for lost mail is worth nothing. Duplicates are
// counted and printed.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import type { LoadSettings } from './load.ts';
import { usageOf } from './processes.ts';

export type Figures = {
  readonly perSecond: number;
  readonly cpuMsPerMail: Readonly<Record<string, number>>;
  readonly rssMb: number;
  /** From the client's 250 to the end of the mail at the receiver, milliseconds. */
  readonly acceptToDelivered: { readonly p50: number; readonly p99: number };
  /** From MAIL FROM to the client's 250, milliseconds. */
  readonly accept: { readonly p50: number; readonly p99: number };
  readonly duplicates: number;
};

export type Receiver = {
  readonly port: number;
  readonly arrivals: Map<number, number>;
  duplicates: number;
  unsigned: number;
  stop(): void;
};

/** Load and receiver run here. */
export const loadCpu = 1;

export async function startReceiver(port: number, certificate?: { cert: string; key: string }): Promise<Receiver> {
  const child = pinned(['receiver.ts', String(port), ...(certificate ? [certificate.cert, certificate.key] : [])]);
  const receiver: Receiver = {
    port,
    arrivals: new Map(),
    duplicates: 0,
    unsigned: 0,
    stop: () => child.kill('SIGKILL'),
  };
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = JSON.parse(line) as { listening?: boolean; sequence: number; at: number; signed: boolean };
      if (event.listening) return resolve();
      if (receiver.arrivals.has(event.sequence)) receiver.duplicates += 1;
      else receiver.arrivals.set(event.sequence, event.at);
      if (!event.signed) receiver.unsigned += 1;
    });
  });
  return receiver;
}

export async function runRound(
  contender: Contender,
  receiver: Receiver,
  mails: { first?: number; warmUp: number; count: number; connections: number },
): Promise<Figures> {
  const beginning = mails.first ?? 0;
  await send(contender, receiver, { first: beginning, count: mails.warmUp, connections: mails.connections });
  const before = usageByGroup(contender);
  const { sent, accepted } = await send(contender, receiver, {
    first: beginning + mails.warmUp,
    count: mails.count,
    connections: mails.connections,
  });
  await wait(200); // acknowledgements that follow the last delivery belong to the work
  const after = usageByGroup(contender);
  if (receiver.unsigned > 0) throw new Error(`${contender.name}: ${receiver.unsigned} mails arrived unsigned`);
  const sequences = [...accepted.keys()];
  const arrived = (sequence: number) => receiver.arrivals.get(sequence) ?? Number.NaN;
  const first = Math.min(...sent.values());
  const last = Math.max(...sequences.map(arrived));
  return {
    perSecond: (mails.count * 1000) / (last - first),
    cpuMsPerMail: Object.fromEntries(
      Object.keys(after).map((group) => [
        group,
        ((after[group]?.cpuMs ?? 0) - (before[group]?.cpuMs ?? 0)) / mails.count,
      ]),
    ),
    rssMb: Object.values(after).reduce((sum, { rssMb }) => sum + rssMb, 0),
    acceptToDelivered: percentiles(
      sequences.map((sequence) => Math.max(0, arrived(sequence) - (accepted.get(sequence) ?? 0))),
    ),
    accept: percentiles(sequences.map((sequence) => (accepted.get(sequence) ?? 0) - (sent.get(sequence) ?? 0))),
    duplicates: receiver.duplicates,
  };
}

/** Sends mails and waits until the receiver has every accepted one. Times by sequence number. */
export async function send(contender: Contender, receiver: Receiver, part: Part) {
  const { sent, accepted } = await submit(contender, part);
  const deadline = Date.now() + 120_000;
  while ([...accepted.keys()].some((sequence) => !receiver.arrivals.has(sequence))) {
    if (Date.now() > deadline) throw new Error(`${contender.name}: not all accepted mails arrived within two minutes`);
    await wait(50);
  }
  return { sent, accepted };
}

export type Part = Pick<LoadSettings, 'first' | 'count' | 'connections' | 'perSecond' | 'recipient'>;

/** Sends mails until each has its 250. */
export async function submit(contender: Contender, part: Part) {
  const settings: LoadSettings = { ...contender.client, ...part };
  const [sent, accepted] = [new Map<number, number>(), new Map<number, number>()];
  const child = pinned(['load.ts', JSON.stringify(settings)]);
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const event = JSON.parse(line) as { sequence: number; sent: number; accepted: number };
    sent.set(event.sequence, event.sent);
    accepted.set(event.sequence, event.accepted);
  });
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? 1)));
  if (code !== 0) throw new Error(`${contender.name}: the load generator failed`);
  return { sent, accepted };
}

function usageByGroup({ processes }: Contender) {
  return Object.fromEntries(Object.entries(processes).map(([group, pids]) => [group, usageOf(pids)]));
}

function pinned(args: readonly string[]): ChildProcess {
  const [script = '', ...rest] = args;
  return spawn('taskset', ['-c', String(loadCpu), process.execPath, join(import.meta.dirname, script), ...rest], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

export function percentiles(values: readonly number[]): { p50: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
