// The client of the benchmarks: a number of connections that send one mail after the other, each waiting for its 250.
// Prints one JSON line `{sequence, sent, accepted}` a mail, buffered. Settings come as one JSON argument (LoadSettings).
import { connect as connectPlain, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { benchMessage, recipientAddress, senderAddress } from './message.ts';

export type LoadSettings = {
  readonly port: number;
  readonly tls: 'none' | 'implicit' | 'starttls';
  readonly auth?: { readonly user: string; readonly password: string };
  readonly connections: number;
  readonly first: number;
  readonly count: number;
  /** Mails begun per second, all connections together; absent: as fast as they are taken. */
  readonly perSecond?: number;
  /** Default: the receiver's. */
  readonly recipient?: string;
};

const settings = JSON.parse(process.argv[2] ?? '{}') as LoadSettings;
let next = settings.first;
const recipient = settings.recipient ?? recipientAddress;
const end = settings.first + settings.count;
let lines: string[] = [];
const now = () => performance.timeOrigin + performance.now();
const began = now();

setInterval(flush, 100).unref();
await Promise.all(Array.from({ length: settings.connections }, () => work()));
flush();

async function work(): Promise<void> {
  const session = await open();
  while (next < end) {
    const sequence = next++;
    await turnOf(sequence - settings.first);
    const sent = now();
    await session.command(`MAIL FROM:<${senderAddress}>`, 250);
    await session.command(`RCPT TO:<${recipient}>`, 250);
    await session.command('DATA', 354);
    await session.command(`${benchMessage(sequence)}.`, 250);
    lines.push(`${JSON.stringify({ sequence, sent, accepted: now() })}\n`);
  }
  await session.command('QUIT', 221);
}

/** Mails of a paced load begin on time, however long those before them took. */
async function turnOf(place: number): Promise<void> {
  if (settings.perSecond === undefined) return;
  const ms = began + (place * 1000) / settings.perSecond - now();
  if (ms > 0) await wait(ms);
}

type Session = { command(line: string, expected: number): Promise<void> };

async function open(): Promise<Session> {
  const target = { host: '127.0.0.1', port: settings.port, servername: 'localhost', rejectUnauthorized: false };
  let socket: Socket = settings.tls === 'implicit' ? connectTls(target) : connectPlain(target);
  let session = converse(socket);
  await session.reply(220);
  await session.command('EHLO load.bench.example', 250);
  if (settings.tls === 'starttls') {
    await session.command('STARTTLS', 220);
    socket.removeAllListeners('data');
    socket = connectTls({ ...target, socket });
    session = converse(socket);
    await session.command('EHLO load.bench.example', 250);
  }
  if (settings.auth)
    await session.command(
      `AUTH PLAIN ${Buffer.from(`\0${settings.auth.user}\0${settings.auth.password}`).toString('base64')}`,
      235,
    );
  return session;
}

function converse(socket: Socket): Session & { reply(expected: number): Promise<void> } {
  const replies: string[] = [];
  let waiting: ((line: string) => void) | undefined;
  let text = '';
  socket.setNoDelay(true);
  socket.on('error', (error) => fail(error.message));
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      if (line[3] === '-') continue;
      if (waiting) waiting(line);
      else replies.push(line);
      waiting = undefined;
    }
  });
  const reply = async (expected: number) => {
    const line = replies.shift() ?? (await new Promise<string>((resolve) => (waiting = resolve)));
    if (Number(line.slice(0, 3)) !== expected) fail(`expected ${expected}, got: ${line}`);
  };
  const command = (line: string, expected: number) => {
    socket.write(`${line}\r\n`);
    return reply(expected);
  };
  return { reply, command };
}

function fail(message: string): never {
  console.error(`load: ${message}`);
  process.exit(1);
}

function flush(): void {
  if (lines.length > 0) process.stdout.write(lines.join(''));
  lines = [];
}
