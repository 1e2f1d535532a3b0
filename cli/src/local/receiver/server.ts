// The receiving mail server of a local fleet: takes mail for every domain, over STARTTLS where the client wants it, has it
// judged and stores it before the 250. A recipient whose local part is a reply code (`550@…`, `451@…`) is refused with it.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import { queueIdOf, type Mailbox, type Receipt } from './mailbox.ts';
import type { Conversation, Verdicts } from './verify.ts';

export type ReceiverOptions = {
  readonly host: string;
  readonly port: number;
  /** Name it greets with. */
  readonly name: string;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly mailbox: Mailbox;
  readonly verify: (raw: Buffer, conversation: Conversation) => Promise<Verdicts>;
  readonly onReceived: (receipt: Receipt, file: string) => void;
  readonly onProblem: (problem: string) => void;
  readonly now: () => number;
};

export type Receiver = { readonly port: number; close(): Promise<void> };

const maxMessageBytes = 160 * 1024 * 1024;

export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const server = new SMTPServer({
    ...settings(options),
    onRcptTo: ({ address }, _session, callback) => callback(refusalAskedFor(address)),
    onData: (stream, session, callback) => {
      receive(stream, session, options).then(
        (id) => callback(null, `stored as ${id}`),
        (error: unknown) => {
          options.onProblem(error instanceof Error ? error.message : String(error));
          callback(reply(451, 'could not store the message'));
        },
      );
    },
  });
  server.on('error', (error) => options.onProblem(error.message));
  const listener = server.listen(options.port, options.host);
  await once(listener, 'listening');
  const bound = listener.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : options.port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function settings({ name, tls }: ReceiverOptions): SMTPServerOptions {
  return {
    name,
    banner: 'relayfleet receiving server',
    cert: tls.cert,
    key: tls.key,
    minVersion: 'TLSv1.2',
    disabledCommands: ['AUTH'], // a mail exchanger takes mail for its domains from anyone
    size: maxMessageBytes,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    disableReverseLookup: true,
    closeTimeout: 2_000,
    maxAllowedUnauthenticatedCommands: false,
  };
}

async function receive(
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  { mailbox, verify, onReceived, now }: ReceiverOptions,
): Promise<string> {
  const raw = await buffer(stream);
  const { mailFrom, rcptTo } = session.envelope;
  const sender = mailFrom === false ? '' : mailFrom.address;
  const started = now();
  const verdicts = await verify(raw, { clientAddress: session.remoteAddress, helo: session.hostNameAppearsAs, sender });
  const tls = session.tlsOptions === false ? undefined : session.tlsOptions;
  const receipt: Receipt = {
    version: 1,
    receivedAt: new Date(now()).toISOString(),
    client: {
      address: session.remoteAddress,
      helo: session.hostNameAppearsAs,
      tls: tls?.version ?? null,
      cipher: tls?.name ?? null,
    },
    envelope: {
      from: sender,
      to: rcptTo.map(({ address }) => address),
      mailParameters: mailFrom === false ? {} : parameters(mailFrom.args),
      rcptParameters: rcptTo.map(({ args }) => parameters(args)),
    },
    queueId: queueIdOf(raw),
    size: raw.length,
    sha256: createHash('sha256').update(raw).digest('hex'),
    verdicts,
    verifyMs: Math.round(now() - started),
  };
  const file = await mailbox.store(raw, receipt);
  onReceived(receipt, file);
  return receipt.queueId ?? receipt.sha256.slice(0, 12);
}

function parameters(args: Readonly<Record<string, string | true>> | false): Readonly<Record<string, string | true>> {
  return args === false ? {} : { ...args };
}

function refusalAskedFor(address: string): Error | null {
  const code = /^([45]\d\d)@/.exec(address)?.[1];
  if (code === undefined) return null;
  return reply(Number(code), 'refused, as the address asks');
}

function reply(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}
