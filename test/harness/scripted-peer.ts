// A next hop that does what a test tells it to, at any point of the conversation: refuse, dawdle, drip, hang, drop, reset, offer or
// hide extensions, fail TLS. Speaks SMTP on bare sockets, so that it can also break it, and keeps every byte it saw.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { TLSSocket, type SecureContextOptions } from 'node:tls';

/** Where a script can step in. BODY: the first bytes after DATA was granted; DOT: the end of the data. */
export type Point =
  'CONNECT' | 'EHLO' | 'HELO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'BODY' | 'DOT' | 'RSET' | 'QUIT';

/** A reply (lines separated by LF are one reply), or what to do instead of replying. */
export type Action =
  | string
  | { readonly reply: string; readonly then?: 'close' | 'reset'; readonly dripMs?: number }
  /** Ends the connection without a word; `hang` never answers. */
  | 'drop'
  | 'reset'
  | 'hang';

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
  /** Commands as received, without their line ends. */
  readonly commands: string[];
  /** Everything received before TLS. */
  clear: string;
  tls: string | null;
  mails: number;
};

export type PeerOptions = {
  readonly port?: number;
  /** EHLO keywords. */
  readonly offers?: readonly string[];
  /** Needed for STARTTLS, which is then offered, and for implicit TLS. */
  readonly tls?: SecureContextOptions & { readonly implicit?: boolean };
  readonly script?: Script;
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
    const session = { number: sessions.length, commands: [], clear: '', tls: null, mails: 0 };
    sessions.push(session);
    const took = (mail: PeerMail) => {
      mails.push(mail);
      arrived.forEach((wake) => wake());
    };
    converse({
      socket,
      session,
      took,
      offers: options.offers ?? usualOffers,
      tls: options.tls,
      script: () => self.script,
    });
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
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
};

function converse({ socket: plain, session, took, offers, tls, script }: Conversation): void {
  let socket: Socket = plain;
  let pending = Buffer.alloc(0);
  let data: Buffer[] | undefined;
  let from = '';
  let to: string[] = [];
  let bodyBegun = false;
  let silent = false;

  /** Plays the script's action for a point, else the usual one; true when the usual conversation goes on. */
  const act = (point: Point, line: string, usual: string): boolean => {
    const action = script()[point]?.(line, session) ?? usual;
    if (action === 'hang' || (typeof action === 'object' && action.dripMs !== undefined)) silent = true; // whatever comes next
    if (action === 'hang') return false;
    if (action === 'drop') socket.end();
    if (action === 'reset') plain.resetAndDestroy();
    if (action === 'drop' || action === 'reset') return false;
    const { reply, then, dripMs } =
      typeof action === 'string' ? { reply: action } : { then: undefined, dripMs: undefined, ...action };
    if (reply !== '') say(reply, dripMs);
    if (then === 'close') socket.end();
    if (then === 'reset') plain.resetAndDestroy();
    return reply === usual && then === undefined;
  };
  const say = (reply: string, dripMs?: number) => {
    const bytes = `${reply.split('\n').join('\r\n')}\r\n`;
    if (dripMs === undefined) return void socket.write(bytes);
    let at = 0;
    const timer = setInterval(() => {
      if (socket.destroyed || at >= bytes.length) return clearInterval(timer);
      socket.write(bytes[at++]!);
    }, dripMs);
  };

  const command = (line: string) => {
    session.commands.push(line);
    const verb = /^[a-z]+/i.exec(line)?.[0]?.toUpperCase() ?? '';
    switch (verb) {
      case 'EHLO': {
        const lines = ['peer.test', ...offers, ...(tls !== undefined && session.tls === null ? ['STARTTLS'] : [])];
        return act('EHLO', line, lines.map((text, i) => `250${i < lines.length - 1 ? '-' : ' '}${text}`).join('\n'));
      }
      case 'HELO':
        return act('HELO', line, '250 peer.test');
      case 'STARTTLS':
        if (tls === undefined) return act('STARTTLS', line, '502 5.5.1 not here');
        return act('STARTTLS', line, '220 2.0.0 go ahead') && secure();
      case 'AUTH':
        return act('AUTH', line, '235 2.7.0 welcome');
      case 'MAIL':
        from = /<(.*?)>/.exec(line)?.[1] ?? '';
        to = [];
        return act('MAIL', line, '250 2.1.0 ok');
      case 'RCPT': {
        const granted = act('RCPT', line, '250 2.1.5 ok');
        if (granted) to.push(/<(.*?)>/.exec(line)?.[1] ?? '');
        return granted;
      }
      case 'DATA':
        if (to.length === 0) return act('DATA', line, '554 5.5.1 no valid recipients');
        if (act('DATA', line, '354 go ahead')) data = [];
        bodyBegun = false;
        return;
      case 'RSET':
        return act('RSET', line, '250 2.0.0 ok');
      case 'QUIT':
        return act('QUIT', line, '221 2.0.0 bye') && socket.end();
      default:
        return say('500 5.5.2 what?');
    }
  };

  const endOfData = (raw: Buffer) => {
    data = undefined;
    if (!act('DOT', '.', '250 2.0.0 taken')) return;
    session.mails++;
    took({ from, to, raw, tls: session.tls, session });
  };

  const receive = (bytes: Buffer) => {
    if (session.tls === null) session.clear += bytes.toString('latin1');
    if (silent) return;
    if (data !== undefined && !bodyBegun) {
      bodyBegun = true;
      if (script().BODY !== undefined && !act('BODY', '', '')) silent = true;
    }
    pending = Buffer.concat([pending, bytes]);
    while (!silent) {
      if (data !== undefined) {
        const all = Buffer.concat([...data, pending]);
        const end = all.subarray(0, 3).toString() === '.\r\n' ? -2 : all.indexOf('\r\n.\r\n');
        if (end === -1) {
          data = [all];
          pending = Buffer.alloc(0);
          return;
        }
        pending = all.subarray(end + 5);
        endOfData(
          Buffer.from(
            all
              .subarray(0, Math.max(0, end + 2))
              .toString('latin1')
              .replace(/^\.\./gm, '.'),
            'latin1',
          ),
        );
        continue;
      }
      const end = pending.indexOf('\r\n');
      if (end < 0) return;
      const line = pending.subarray(0, end).toString();
      pending = pending.subarray(end + 2);
      command(line);
    }
  };

  const secure = () => {
    plain.removeListener('data', receive);
    pending = Buffer.alloc(0);
    const secured = new TLSSocket(plain, { isServer: true, ...tls });
    socket = secured;
    secured.on('error', () => plain.destroy());
    secured.once('secure', () => {
      session.tls = secured.getProtocol();
      if (tls?.implicit === true) act('CONNECT', '', '220 peer.test ESMTP');
    });
    secured.on('data', receive);
  };

  if (tls?.implicit === true) return secure();
  plain.on('data', receive);
  act('CONNECT', '', '220 peer.test ESMTP');
}
