// An SMTP client of the tests' own, line by line over TLS: it knows exactly what was answered, and to which command.
// Shares no code with the product. Decides nothing: what an answer means is the test's word.
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export type Listener = { readonly host: string; readonly port: number; readonly tls: 'implicit' | 'starttls' };
export type Login = { readonly user: string; readonly password: string; /** PEM */ readonly ca: string };

export type Mail = {
  readonly from: string;
  readonly to: readonly string[];
  /** Whole message, CRLF lines. */
  readonly message: Buffer;
  /** Parameters after the sender, ` RET=HDRS`, and after every recipient, ` NOTIFY=NEVER`. */
  readonly mailParameters?: string;
  readonly rcptParameters?: string;
};

/** What became of one submission, as its client saw it. Only the first kind obliges the relay. */
export type Submitted =
  | { readonly kind: 'accepted'; readonly id: string; readonly reply: string }
  | { readonly kind: 'refused'; readonly code: number; readonly reply: string; readonly at: string }
  /** The connection ended or nothing came: the client cannot know, if the final dot was sent. */
  | { readonly kind: 'unanswered'; readonly problem: string; readonly dotSent: boolean };

export type Session = {
  /** Sends one line and waits for its whole reply. Rejects when the connection ends first. */
  command(line: string): Promise<Reply>;
  send(mail: Mail): Promise<Submitted>;
  /** Sends bytes and waits for no reply; resolves when the kernel has them. */
  write(bytes: Buffer): Promise<void>;
  /** Whether another mail can be sent on it. */
  isOpen(): boolean;
  close(): void;
};

export type Reply = { readonly code: number; readonly text: string };

const patienceMs = 45_000;

/** Greeting, EHLO, STARTTLS where the listener wants it, AUTH PLAIN. Rejects when any of it is not answered with success. */
export async function openSession(listener: Listener, login: Login): Promise<Session> {
  const session = await openAnonymously(listener, login.ca);
  const answer = await session.command(authPlain(login)).catch((error: Error) => ({ code: 0, text: error.message }));
  if (answer.code === 235) return session;
  session.close();
  throw new Error(`${listener.host}:${listener.port} does not let us in: AUTH: ${answer.text}`);
}

/** The same without AUTH. */
export async function openAnonymously({ host, port, tls: mode }: Listener, ca: string): Promise<Session> {
  const tls = { ca, servername: 'localhost' };
  let wire = openWire(mode === 'implicit' ? connectTls({ ...tls, host, port }) : connectTcp({ host, port }));
  try {
    await expect(wire, undefined, 220);
    await expect(wire, 'EHLO client.test', 250);
    if (mode === 'starttls') {
      await expect(wire, 'STARTTLS', 220);
      wire = openWire(connectTls({ ...tls, socket: wire.detach() }));
      await expect(wire, 'EHLO client.test', 250);
    }
  } catch (cause) {
    wire.close();
    throw new Error(`${host}:${port} does not let us in: ${(cause as Error).message}`, { cause });
  }
  return sessionOn(wire);
}

/** Greeting and EHLO on a STARTTLS listener, and no STARTTLS. */
export async function openInClear({ host, port }: Listener): Promise<Session> {
  const wire = openWire(connectTcp({ host, port }));
  await expect(wire, undefined, 220);
  await expect(wire, 'EHLO client.test', 250);
  return sessionOn(wire);
}

/** RFC 4616. */
export function authPlain({ user, password }: Pick<Login, 'user' | 'password'>): string {
  return `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`;
}

/** One mail on a connection of its own. A connection that cannot be opened is an answer, too. */
export async function submit(listener: Listener, login: Login, mail: Mail): Promise<Submitted> {
  let session: Session;
  try {
    session = await openSession(listener, login);
  } catch (error) {
    return { kind: 'unanswered', problem: (error as Error).message, dotSent: false };
  }
  const result = await session.send(mail);
  session.close();
  return result;
}

function sessionOn(wire: Wire): Session {
  return {
    command: (line) => wire.ask(`${line}\r\n`),
    send: (mail) => sendMail(wire, mail),
    write: wire.write,
    isOpen: () => wire.isOpen(),
    close: () => wire.close(),
  };
}

async function sendMail(wire: Wire, mail: Mail): Promise<Submitted> {
  let dotSent = false;
  try {
    const steps = [
      { line: `MAIL FROM:<${mail.from}>${mail.mailParameters ?? ''}`, code: 250 },
      ...mail.to.map((address) => ({ line: `RCPT TO:<${address}>${mail.rcptParameters ?? ''}`, code: 250 })),
      { line: 'DATA', code: 354 },
    ];
    for (const { line, code } of steps) {
      const reply = await wire.ask(`${line}\r\n`);
      if (reply.code === code) continue;
      if (reply.code !== 421) await wire.ask('RSET\r\n');
      return { kind: 'refused', code: reply.code, reply: reply.text, at: line.split(/[ :]/)[0] ?? '' };
    }
    dotSent = true;
    const reply = await wire.ask(Buffer.concat([stuffed(mail.message), Buffer.from('.\r\n')]));
    const id = /queued as ([0-9A-Z]{26})/.exec(reply.text)?.[1];
    return reply.code === 250
      ? { kind: 'accepted', id: id ?? '', reply: reply.text }
      : { kind: 'refused', code: reply.code, reply: reply.text, at: 'the final dot' };
  } catch (error) {
    wire.close();
    return { kind: 'unanswered', problem: (error as Error).message, dotSent };
  }
}

/** RFC 5321 §4.5.2: a line that starts with a dot gets another one. */
function stuffed(message: Buffer): Buffer {
  const text = message.toString('latin1').replace(/^\./gm, '..');
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}

async function expect(wire: Wire, line: string | undefined, code: number): Promise<void> {
  const reply = await wire.ask(line === undefined ? undefined : `${line}\r\n`);
  if (reply.code !== code) throw new Error(`${line?.split(' ')[0] ?? 'greeting'}: ${reply.text}`);
}

type Wire = {
  /** Sends, where there is something to send, and waits for one whole reply. */
  ask(data: string | Buffer | undefined): Promise<Reply>;
  readonly write: (data: Buffer) => Promise<void>;
  isOpen(): boolean;
  /** The socket, for whoever goes on with it. */
  detach(): Socket;
  close(): void;
};

function openWire(socket: Socket): Wire {
  let text = '';
  let ended: Error | undefined;
  const end = (error: Error) => {
    ended ??= error;
    socket.destroy();
    socket.emit('answer');
  };
  const onData = (chunk: Buffer) => {
    text += chunk.toString('latin1');
    socket.emit('answer');
  };
  socket.setNoDelay(true);
  socket.on('data', onData);
  socket.on('error', end);
  socket.once('close', () => end(new Error('the connection was closed')));
  return {
    ask: async (data) => {
      if (data !== undefined && ended === undefined) socket.write(data);
      const patience = AbortSignal.timeout(patienceMs);
      for (;;) {
        // RFC 5321 §4.2: lines of a reply have a hyphen after the code, the last one has a space.
        const whole = /^(?:\d{3}-.*\r\n)*(\d{3})(?: .*)?\r\n/.exec(text);
        if (whole !== null) {
          text = text.slice(whole[0].length);
          return { code: Number(whole[1]), text: whole[0].trimEnd() };
        }
        if (ended !== undefined) throw ended;
        if (patience.aborted) throw new Error(`no reply within ${patienceMs / 1000} s`);
        await once(socket, 'answer', { signal: patience }).catch(() => undefined);
      }
    },
    write: (data) =>
      new Promise((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve()))),
    isOpen: () => ended === undefined && socket.writable,
    detach: () => {
      socket.removeAllListeners();
      return socket;
    },
    close: () => socket.destroy(),
  };
}
