// The receiving server as a process of its own, so that it can be killed and restarted like the other parts.
// Configured by environment, stops on SIGTERM, writes one JSON line per mail, without addresses, to stdout.
import { readFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { openMailbox, type Receipt } from './mailbox.ts';
import { startReceiver } from './server.ts';
import { verifyMail } from './verify.ts';

const { RECEIVER_HOST = '127.0.0.1', RECEIVER_PORT = '2525', RECEIVER_NAME = 'mx.receiver.test' } = process.env;
const { RECEIVER_MESSAGES = 'received', RECEIVER_TLS_DIR = '.', RECEIVER_DNS = '127.0.0.1:5354' } = process.env;

const resolver = new Resolver({ timeout: 1_000, tries: 2 });
resolver.setServers([RECEIVER_DNS]);

const receiver = await startReceiver({
  host: RECEIVER_HOST,
  port: Number(RECEIVER_PORT),
  name: RECEIVER_NAME,
  tls: {
    cert: readFileSync(`${RECEIVER_TLS_DIR}/tls.crt`, 'utf8'),
    key: readFileSync(`${RECEIVER_TLS_DIR}/tls.key`, 'utf8'),
  },
  mailbox: await openMailbox(RECEIVER_MESSAGES),
  verify: (raw, conversation) =>
    verifyMail(raw, conversation, (name, type) => resolver.resolve(name, type) as Promise<string[]>),
  onReceived: (receipt, file) => log('info', 'mail received', receivedFields(receipt, file)),
  onProblem: (problem) => log('warn', 'mail not received', { problem }),
  now: Date.now,
});
log('info', 'listening', { port: receiver.port });

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void receiver.close().then(() => process.exit(0)));
}

function receivedFields({ queueId, size, verdicts, verifyMs, client }: Receipt, file: string): Record<string, unknown> {
  return { id: queueId, size, file, verdicts, verifyMs, tls: client.tls };
}

function log(level: string, message: string, fields: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), level, msg: message, ...fields })}\n`);
}
