// A next hop that does what a test tells it to, at any point of the conversation: refuse, dawdle, drip, hang, drop, reset, offer or
// hide extensions, fail TLS. Speaks SMTP on bare sockets, so that it can also break it, and keeps every byte it saw.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { TLSSocket, type SecureContextOptions } from 'node:tls';

/**
 * Where a script can step in. HANDSHAKE: the client's first bytes of TLS, answered in clear; BODY: the first bytes after DATA was
 * granted; DOT: the end of the data.
 */
export type Point =
  | ('CONNECT' | 'EHLO' | 'HELO' | 'STARTTLS' | 'HANDSHAKE' | 'AUTH')
  | ('MAIL' | 'RCPT' | 'DATA' | 'BODY' | 'DOT' | 'RSET' | 'QUIT');

/** A reply (lines separated by LF are one reply), a reply with something special about it, or what to do instead of replying. */
export type Action =
  | string
  | { readonly reply: string; readonly after?: 'close' | 'reset'; readonly dripMs?: number }
  /** drop: the connection ends without a word; hang: nothing is ever answered again. */
  | { readonly instead: 'drop' | 'reset' | 'hang' };

export const drop: Action = { instead: 'drop' };
export const reset: Action = { instead: 'reset' };
export const hang: Action = { instead: 'hang' };

/** RFC 8446 §5.1, §4: a record of 122 octets with a ServerHello of 118, of which no more than this comes. */
export const halfAServerHello = '\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03';

export type Script = Partial<Record<Point, (line: string, peer: PeerSession) => Action | undefined>>;

export type PeerMail = {
  readonly from: string;
  readonly to: readonly string[];
  /** Undone: dot-stuffing and the final dot. */
  readonly raw: Buffer;
  readonly tls: string | null;
  readonly session: PeerSession;
};

export type PeerSession = {
  readonly number: number;
  /** The other end of the connection, by which its process can be found. */
  readonly peerPort: number;
  /** Commands as received, without their line ends. */
  readonly commands: string[];
  /** Everything received before TLS. */
  clear: string;
  tls: string | null;
  mails: number;
};

export type PeerOptions = {
  /** Address to listen at; 127.0.0.1 if not said. */
  readonly host?: string;
  readonly port?: number;
  /** EHLO keywords. */
  readonly offers?: readonly string[];
  /** Needed for STARTTLS, which is then offered, and for implicit TLS. */
  readonly tls?: SecureContextOptions & { readonly implicit?: boolean };
  readonly script?: Script;
  /** How long the answer to a final dot takes, in milliseconds. */
  readonly thinkMs?: () => number;
  /** Gets every mail instead of `mails`, which then stays empty. */
  readonly take?: (mail: PeerMail) => void;
};

export type ScriptedPeer = {
  readonly port: number;
  /** Mails that got a 250 to their dot. */
  readonly mails: readonly PeerMail[];
  readonly sessions: readonly PeerSession[];
  /** Read anew at every point. */
  script: Script;
  /** Connections open now. */
  open(): number;
  mail(count: number, withinMs?: number): Promise<readonly PeerMail[]>;
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
};

/** What a mail is taken with, unless a script says something else; with something special about it, it is taken, too. */
export const takenReply = '250 2.0.0 taken';

export const usualOffers = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'SIZE 52428800', 'ENHANCEDSTATUSCODES', 'DSN'];

export async function startPeer(options: PeerOptions = {}): Promise<ScriptedPeer> {
  const mails: PeerMail[] = [];
  const sessions: PeerSession[] = [];
  const sockets = new Set<Socket>();
  const arrived = new Set<() => void>();
  const self = { script: options.script ?? {} };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    const peerPort = socket.remotePort ?? 0;
    const session = { number: sessions.length, peerPort, commands: [], clear: '', tls: null, mails: 0 };
    sessions.push(session);
    const took = (mail: PeerMail) => {
      if (options.take === undefined) mails.push(mail);
      else options.take(mail);
      arrived.forEach((wake) => wake());
    };
    converse({
      socket,
      session,
      took,
      offers: options.offers ?? usualOffers,
      tls: options.tls,
      script: () => self.script,
      thinkMs: options.thinkMs ?? (() => 0),
    });
  });
  const listen = async (port: number) => {
    server.listen(port, options.host ?? '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  };
  const port = await listen(options.port ?? 0);

  return Object.assign(self, {
    port,
    mails,
    sessions,
    open: () => sockets.size,
    mail: (count: number, withinMs = 10_000) =>
      new Promise<readonly PeerMail[]>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${mails.length} of ${count} mails in ${withinMs} ms`)),
          withinMs,
        );
        const look = () => {
          if (mails.length < count) return;
          clearTimeout(timer);
          arrived.delete(look);
          resolve(mails);
        };
        arrived.add(look);
        look();
      }),
    goAway: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    comeBack: async () => void (await listen(port)),
  });
}

type Conversation = {
  readonly socket: Socket;
  readonly session: PeerSession;
  readonly took: (mail: PeerMail) => void;
  readonly offers: readonly string[];
  readonly tls: PeerOptions['tls'];
  readonly script: () => Script;
  readonly thinkMs: () => number;
};

function converse({ socket: plain, session, took, offers, tls, script, thinkMs }: Conversation): void {
  const state: {
    socket: Socket;
    pending: Buffer;
    data: Buffer | undefined;
    from: string;
    to: string[];
    silent: boolean;
    thinking: boolean;
  } = {
    socket: plain,
    pending: Buffer.alloc(0),
    data: undefined,
    from: '',
    to: [],
    silent: false,
    thinking: false,
  };

  const say = (reply: string, dripMs?: number, said = () => undefined as void) => {
    const bytes = `${reply.split('\n').join('\r\n')}\r\n`;
    if (dripMs === undefined) return void state.socket.write(bytes, said);
    let at = 0;
    state.thinking = true;
    const timer = setInterval(() => {
      if (!state.socket.destroyed && at < bytes.length) return void state.socket.write(bytes[at++] ?? '');
      clearInterval(timer);
      state.thinking = false;
      said();
      read();
    }, dripMs);
  };
  const end = (how: 'close' | 'drop' | 'reset' | undefined) => {
    if (how === 'reset') plain.resetAndDestroy();
    else if (how !== undefined) state.socket.end();
  };
  /** Plays the script's action for a point, else the usual one; true when the usual was replied. */
  const act = (point: Point, line: string, usual: string): boolean => {
    const action = script()[point]?.(line, session) ?? usual;
    if (typeof action === 'string') {
      if (action !== '') say(action);
      return action === usual;
    }
    state.silent = 'instead' in action || action.after !== undefined; // nothing that follows is answered
    if ('reply' in action) say(action.reply, action.dripMs, () => end(action.after));
    else end(action.instead === 'hang' ? undefined : action.instead);
    return 'reply' in action && action.reply === usual;
  };

  const hello = (line: string) => {
    const lines = ['peer.test', ...offers, ...(tls !== undefined && session.tls === null ? ['STARTTLS'] : [])];
    const last = lines.length - 1;
    return act('EHLO', line, lines.map((text, i) => `250${i < last ? '-' : ' '}${text}`).join('\n'));
  };
  const address = (line: string) => /<(.*?)>/.exec(line)?.[1] ?? '';
  const commands: Readonly<Record<string, (line: string) => unknown>> = {
    EHLO: hello,
    HELO: (line) => act('HELO', line, '250 peer.test'),
    STARTTLS: (line) =>
      tls === undefined
        ? act('STARTTLS', line, '502 5.5.1 not here')
        : act('STARTTLS', line, '220 2.0.0 go ahead') && secure(),
    AUTH: (line) => act('AUTH', line, '235 2.7.0 welcome'),
    MAIL: (line) => {
      state.from = address(line);
      state.to = [];
      return act('MAIL', line, '250 2.1.0 ok');
    },
    RCPT: (line) => act('RCPT', line, '250 2.1.5 ok') && state.to.push(address(line)),
    DATA: (line) => {
      if (state.to.length === 0) return act('DATA', line, '554 5.5.1 no valid recipients');
      return act('DATA', line, '354 go ahead') && (state.data = Buffer.alloc(0));
    },
    RSET: (line) => act('RSET', line, '250 2.0.0 ok'),
    QUIT: (line) => act('QUIT', line, '221 2.0.0 bye') && state.socket.end(),
  };

  const endOfData = (stuffed: Buffer) => {
    state.data = undefined;
    if (!act('DOT', '.', takenReply)) return;
    session.mails++;
    const raw = Buffer.from(stuffed.toString('latin1').replace(/^\.\./gm, '.'), 'latin1');
    took({ from: state.from, to: state.to, raw, tls: session.tls, session });
  };
  /** Nothing that follows is read before. */
  const think = (then: () => void) => {
    const ms = thinkMs();
    if (ms === 0) return then();
    state.thinking = true;
    setTimeout(() => {
      state.thinking = false;
      if (plain.destroyed) return;
      then();
      read();
    }, ms);
  };
  /** Whether something whole was read and there may be more. */
  const readData = (data: Buffer): boolean => {
    const all = Buffer.concat([data, state.pending]);
    const dot = all.subarray(0, 3).toString() === '.\r\n' ? -2 : all.indexOf('\r\n.\r\n', Math.max(0, data.length - 4));
    state.data = all;
    state.pending = dot === -1 ? Buffer.alloc(0) : all.subarray(dot + 5);
    if (dot === -1) return false;
    think(() => endOfData(all.subarray(0, Math.max(0, dot + 2))));
    return true;
  };
  const readCommand = (): boolean => {
    const lineEnd = state.pending.indexOf('\r\n');
    if (lineEnd < 0) return false;
    const line = state.pending.subarray(0, lineEnd).toString();
    state.pending = state.pending.subarray(lineEnd + 2);
    session.commands.push(line);
    const verb = /^[a-z]+/i.exec(line)?.[0]?.toUpperCase() ?? '';
    (commands[verb] ?? (() => say('500 5.5.2 what?')))(line);
    return true;
  };
  const receive = (bytes: Buffer) => {
    if (session.tls === null) session.clear += bytes.toString('latin1');
    if (state.data?.length === 0 && !state.silent && script().BODY !== undefined) act('BODY', '', '');
    state.pending = Buffer.concat([state.pending, bytes]);
    read();
  };
  const read = () => {
    while (!state.silent && !state.thinking && (state.data === undefined ? readCommand() : readData(state.data)));
  };

  const greet = () => act('CONNECT', '', '220 peer.test ESMTP');
  const secure = () => {
    plain.removeListener('data', receive);
    state.pending = Buffer.alloc(0);
    if (script().HANDSHAKE !== undefined) return void plain.once('data', () => act('HANDSHAKE', '', ''));
    const secured = new TLSSocket(plain, { isServer: true, ...tls });
    state.socket = secured;
    secured.on('error', () => plain.destroy());
    secured.once('secure', () => {
      session.tls = secured.getProtocol();
      if (tls?.implicit === true) greet();
    });
    secured.on('data', receive);
  };

  if (tls?.implicit === true) return secure();
  plain.on('data', receive);
  greet();
}
