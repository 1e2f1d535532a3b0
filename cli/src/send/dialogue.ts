// One SMTP conversation as a client has it, line by line: lookup, connection, TLS, commands and their whole replies. Says what
// happened; refuses to know what follows from it. RFC 5321, RFC 3207, RFC 8314.
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

export type Reply = {
  readonly code: number;
  /** Lines without code and hyphen. */
  readonly lines: readonly string[];
  /** As one line, with its code. */
  readonly text: string;
};

export type TlsFacts = {
  readonly version: string;
  readonly cipher: string;
  readonly subject: string;
  readonly issuer: string;
  /** As the certificate has it. */
  readonly until: string;
  /** Why the certificate is not to be trusted; undefined: it is. */
  readonly distrust: string | undefined;
};

export type Dialogue = {
  /** Sends a line, where there is one, and gives the reply. Rejects when the connection ends first, or nothing comes in time. */
  ask(line?: string): Promise<Reply>;
  /** Sends bytes without waiting for an answer. */
  write(bytes: Buffer): Promise<void>;
  /** Goes over to TLS, whoever the peer is: whether to trust it is the caller's word. */
  secure(name: string, ca: string | undefined): Promise<TlsFacts>;
  close(): void;
};

export type Connected = { readonly dialogue: Dialogue; readonly address: string };

const patienceMs = 20_000;

/** Connects; `onLookup` is told every address of the name. Rejects with the error of the system. */
export async function openDialogue(
  { host, port }: { readonly host: string; readonly port: number },
  onLookup: (address: string) => void,
): Promise<Connected> {
  const socket = connectTcp({ host, port });
  socket.on('lookup', (error, address) => {
    if (error === null) onLookup(String(address));
  });
  await inTime(socket, once(socket, 'connect'));
  socket.setNoDelay(true);
  return { dialogue: dialogueOn(socket), address: socket.remoteAddress ?? host };
}

function dialogueOn(first: Socket): Dialogue {
  let socket: Socket = first;
  let reader = readReplies(socket);
  return {
    ask: async (line) => {
      if (line !== undefined) socket.write(`${line}\r\n`);
      return inTime(socket, reader.next());
    },
    write: (bytes) =>
      new Promise((resolve, reject) =>
        socket.write(bytes, (error) => (error === null || error === undefined ? resolve() : reject(error))),
      ),
    secure: async (name, ca) => {
      reader.stop();
      const secured = connectTls({
        socket,
        host: name,
        ...(isIP(name) === 0 ? { servername: name } : {}),
        ...(ca === undefined ? {} : { ca }),
        minVersion: 'TLSv1.2',
        rejectUnauthorized: false, // judged below, so that the certificate can be shown; nothing is said before that
      });
      await inTime(secured, once(secured, 'secureConnect'));
      socket = secured;
      reader = readReplies(socket);
      return factsOf(secured);
    },
    close: () => void socket.destroy(),
  };
}

function factsOf(socket: TLSSocket): TlsFacts {
  const { subject, issuer, valid_to: until, subjectaltname } = socket.getPeerCertificate();
  const name = (party: typeof subject | undefined) => String(party?.CN ?? party?.O ?? '?');
  return {
    version: socket.getProtocol() ?? '?',
    cipher: socket.getCipher().name,
    subject: subjectaltname?.replaceAll('DNS:', '') ?? name(subject),
    issuer: name(issuer),
    until,
    distrust: socket.authorized ? undefined : String(socket.authorizationError),
  };
}

type Reader = { next(): Promise<Reply>; stop(): void };

function readReplies(socket: Socket): Reader {
  let text = '';
  let ended: Error | undefined;
  let wake = Promise.withResolvers<void>();
  const onData = (chunk: Buffer) => {
    text += chunk.toString('utf8');
    wake.resolve();
  };
  const end = (error?: Error) => {
    ended ??= error ?? new Error('the server closed the connection');
    wake.resolve();
  };
  const onClose = () => end();
  socket.on('data', onData).on('error', end).on('close', onClose);
  return {
    next: async () => {
      for (;;) {
        // RFC 5321 §4.2: lines of a reply have a hyphen after the code, the last one a space or nothing.
        const whole = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\r?\n/.exec(text);
        if (whole !== null) {
          text = text.slice(whole[0].length);
          return replyOf(Number(whole[1]), whole[0]);
        }
        if (ended !== undefined) throw ended;
        wake = Promise.withResolvers<void>();
        await wake.promise;
      }
    },
    stop: () => void socket.off('data', onData).off('close', onClose),
  };
}

function replyOf(code: number, text: string): Reply {
  const lines = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.slice(4));
  return { code, lines, text: `${code} ${lines.join(' / ')}`.trimEnd() };
}

async function inTime<T>(socket: Socket, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(Object.assign(new Error(`no answer within ${patienceMs / 1000} s`), { code: 'ETIMEDOUT' }));
    socket.destroy();
  }, patienceMs);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
