// What open connections cost: the relay's memory with 1, 100 and 1,000 clients logged in that have sent one mail each and stay.
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { benchMessage, recipientAddress, senderAddress } from './message.ts';
import { usageOf } from './processes.ts';

export type Memory = { readonly connections: number; readonly rssMb: number };

const steps = [1, 100, 1_000];
const settleMs = 2_000;

/** Resident memory of the relay's own processes, the largest number of connections last. */
export async function memoryByConnections(contender: Contender, first: number): Promise<readonly Memory[]> {
  const open: Socket[] = [];
  const memory: Memory[] = [];
  for (const connections of steps) {
    while (open.length < connections) open.push(await client(contender, first + open.length));
    await wait(settleMs);
    memory.push({ connections, rssMb: usageOf(contender.processes['relay'] ?? []).rssMb });
  }
  for (const socket of open) socket.destroy();
  return memory;
}

async function client({ client: { port, tls, auth } }: Contender, sequence: number): Promise<Socket> {
  const target = { host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false };
  const socket = tls === 'implicit' ? connectTls(target) : connectPlain(target);
  const reply = () =>
    new Promise<string>((resolve, reject) => {
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
      socket.once('error', reject).once('close', () => reject(new Error('the relay closed the connection')));
    });
  const say = (line: string) => {
    socket.write(`${line}\r\n`);
    return reply();
  };
  await reply();
  await say('EHLO load.bench.example');
  if (auth) await say(`AUTH PLAIN ${Buffer.from(`\0${auth.user}\0${auth.password}`).toString('base64')}`);
  await say(`MAIL FROM:<${senderAddress}>`);
  await say(`RCPT TO:<${recipientAddress}>`);
  await say('DATA');
  const answer = await say(`${benchMessage(sequence)}.`);
  if (!answer.startsWith('250')) throw new Error(`a client was not served: ${answer}`);
  return socket;
}
