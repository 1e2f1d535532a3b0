// How often a mail is synced to disk: strace counts the calls of nats-server while mails go through. Its tracing slows the server,
// so nothing else is measured at that time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { send, type Receiver } from './round.ts';

const mails = 1_000;
const attachMs = 1_000;

/** fsync and fdatasync calls a mail at full load; undefined where there is no strace. */
export async function syncsPerMail(
  contender: Contender,
  receiver: Receiver,
  first: number,
): Promise<number | undefined> {
  const [pid] = contender.processes['nats-server'] ?? [];
  if (pid === undefined) return undefined;
  const strace = spawn('strace', ['-f', '-qq', '-c', '-e', 'trace=fsync,fdatasync', '-p', String(pid)]);
  let summary = '';
  strace.stderr.on('data', (chunk: Buffer) => (summary += chunk.toString()));
  const started = await Promise.race([once(strace, 'error').then(() => false), wait(attachMs).then(() => true)]);
  if (!started) return undefined;
  await send(contender, receiver, { first, count: mails, connections: 20 });
  strace.kill('SIGINT');
  await once(strace, 'close');
  const calls = [...summary.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) .*(?:fsync|fdatasync)$/gm)];
  return calls.reduce((sum, [, count]) => sum + Number(count), 0) / mails;
}
