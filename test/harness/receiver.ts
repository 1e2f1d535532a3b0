// The receiving mail server of a test: takes every mail over STARTTLS and remembers it, unless the test's script says
// otherwise: a refusal, a final dot without an answer, being away altogether.
// Built on smtp-server, as no part of the delivering side is.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { freePort } from './ports.ts';

/** A mail as it was offered: the whole message, and what the envelope says. */
export type OfferedMail = {
  readonly raw: Buffer;
  /** Empty is the null sender. */
  readonly from: string;
  readonly to: readonly string[];
  /** The sending end of the connection, by which its process can be found. */
  readonly peerPort: number;
};

/** What is not scripted is taken. Refusals are whole replies: `550 5.1.1 no such user`. */
export type Script = {
  rcpt?: (address: string) => string | undefined;
  /** The answer to the final dot; `silence` is none at all, as long as the connection lasts. */
  dot?: (mail: OfferedMail) => string | undefined;
  /** How long the answer to the final dot takes. */
  thinkMs?: (mail: OfferedMail) => number;
  /** The final dot is answered once this has resolved. */
  until?: (mail: OfferedMail) => Promise<void>;
};

export type Receiver = {
  readonly port: number;
  /** Read anew for every command: assign to its fields at any time. */
  readonly script: Script;
  /** What got a 250 so far, in order; only grows. */
  readonly taken: readonly OfferedMail[];
  /** What was offered and got no answer. */
  readonly unanswered: readonly OfferedMail[];
  /** How often each recipient was named in an RCPT, refused or not. */
  readonly asked: ReadonlyMap<string, number>;
  /** Nobody listens any more, and whoever is connected is cut off. */
  goAway(): Promise<void>;
  /** On the same port again. */
  comeBack(): Promise<void>;
};

export async function startReceiver(script: Script = {}): Promise<Receiver> {
  const port = await freePort();
  const taken: OfferedMail[] = [];
  const unanswered: OfferedMail[] = [];
  const asked = new Map<string, number>();

  const judge = async (mail: OfferedMail): Promise<void> => {
    const answer = script.dot?.(mail);
    if (answer === 'silence') {
      unanswered.push(mail);
      await new Promise(() => undefined);
    }
    const thinkMs = script.thinkMs?.(mail) ?? 0;
    if (thinkMs > 0) await delay(thinkMs);
    await script.until?.(mail);
    if (answer !== undefined) throw reply(answer);
    taken.push(mail);
  };
  const open = () =>
    listen(port, {
      onRcptTo: ({ address }, _session, callback) => {
        asked.set(address, (asked.get(address) ?? 0) + 1);
        const answer = script.rcpt?.(address);
        callback(answer === undefined ? null : reply(answer));
      },
      onData: (stream, session, callback) => {
        buffer(stream)
          .then((raw) => judge(offered(raw, session)))
          .then(
            () => callback(null, '2.0.0 taken'),
            (error: Error) => callback(error),
          );
      },
    });

  let goAway = await open();
  return {
    port,
    script,
    taken,
    unanswered,
    asked,
    goAway: () => goAway(),
    comeBack: async () => {
      goAway = await open();
    },
  };
}

type Handlers = Pick<NonNullable<ConstructorParameters<typeof SMTPServer>[0]>, 'onRcptTo' | 'onData'>;

/** Returns how to stop listening and cut off whoever is connected. */
async function listen(port: number, handlers: Handlers): Promise<() => Promise<void>> {
  const server = new SMTPServer({
    ...handlers,
    name: 'mx.receiver.test',
    authOptional: true,
    disabledCommands: ['AUTH'],
    disableReverseLookup: true,
    maxAllowedUnauthenticatedCommands: false,
    hideENHANCEDSTATUSCODES: true, // replies are sent as the script spells them
    hideDSN: false,
    logger: false,
  });
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('error', () => undefined); // peers that vanish are what these tests are about
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return async () => {
    if (!server.server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
}

function offered(raw: Buffer, { envelope, remotePort }: SMTPServerSession): OfferedMail {
  const { mailFrom, rcptTo } = envelope;
  const from = mailFrom === false ? '' : mailFrom.address;
  return { raw, from, to: rcptTo.map(({ address }) => address), peerPort: remotePort };
}

function reply(line: string): Error {
  return Object.assign(new Error(line.slice(4)), { responseCode: Number(line.slice(0, 3)) });
}
