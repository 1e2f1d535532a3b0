// Postfix's smtp-sink as a next hop: a server of its own that fails at the verb it is told to, and keeps what it took as files.
// Its options say everything (smtp-sink(1)); this starts it, stops it and reads the files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './ports.ts';
import { until } from './until.ts';

export type SinkMail = {
  /** What followed MAIL and RCPT, `FROM:<a@b.test> SIZE=3`. */
  readonly mail: string;
  readonly rcpt: readonly string[];
  /** As it came, but for its line ends, which are LF here. */
  readonly message: string;
};

export type SmtpSink = {
  readonly port: number;
  /** What it took so far. */
  mails(): readonly SinkMail[];
  stop(): Promise<void>;
};

const program = '/usr/sbin/smtp-sink';

export function hasSmtpSink(): boolean {
  return existsSync(program);
}

/** Takes connections when it resolves; ends with the test. */
export async function startSmtpSink(t: TestContext, options: readonly string[] = [], at?: number): Promise<SmtpSink> {
  const port = at ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-sink-'));
  const always = ['-u', userInfo().username, '-d', join(directory, 'mail.')]; // it wants to be told who it is
  // Should this process end without a word, `timeout` ends what it left behind.
  const child = spawn('timeout', ['300', program, ...always, ...options, `127.0.0.1:${port}`, '100'], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  t.after(async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  });
  await until(`smtp-sink at ${port}`, () => answers(port), { withinMs: 10_000 });
  const mails = () => readdirSync(directory).map((file) => readDump(readFileSync(join(directory, file), 'latin1')));
  return { port, mails, stop };
}

/** smtp-sink(1), "SMTP/LMTP message dump": fields that begin with X- and an own Received line, the message, an empty line. */
function readDump(text: string): SinkMail {
  const [, front = '', message = ''] =
    /^((?:X-[^\n]*\n)*Received:[^\n]*\n(?:[ \t][^\n]*\n)*)([^]*)\n$/.exec(text) ?? [];
  const named = (name: string) =>
    [...front.matchAll(new RegExp(`^X-${name}-Args: (.*)$`, 'gm'))].map(([, args = '']) => args);
  return { mail: named('Mail')[0] ?? '', rcpt: named('Rcpt'), message };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
}
