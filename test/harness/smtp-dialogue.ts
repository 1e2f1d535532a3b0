// A conversation with an SMTP server, byte by byte as a test wants it: whole replies in, anything out. Shares no code with the product.
// For a well-behaved client that sends mail see submit.ts.
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';

export type DialogueReply = { readonly code: number; readonly lines: readonly string[]; readonly text: string };

export type Dialogue = {
  /** The next whole reply. Rejects when the connection ends first, or nothing comes for `withinMs`. */
  reply(withinMs?: number): Promise<DialogueReply>;
  /** Sends a line, waits for its reply. */
  say(line: string, withinMs?: number): Promise<DialogueReply>;
  /** Sends bytes as they are; strings byte by byte (latin1). */
  send(data: string | Uint8Array): void;
  /** Sends pieces one after the other, under TLS as a record each: Node joins what is written before the last write is done. */
  sendApart(pieces: Iterable<string>): Promise<void>;
  /** STARTTLS and the handshake; `injected` goes out in clear in the same write. */
  startTls(injected?: string): Promise<void>;
  readonly socket: () => Socket | TLSSocket;
  /** Resolves when the server has closed. */
  readonly ended: Promise<void>;
  close(): void;
};

export type DialOptions = {
  readonly port: number;
  readonly tls: boolean;
  readonly tlsOptions?: ConnectionOptions;
  /** Of the client: all of 127.0.0.0/8 is this machine. */
  readonly localAddress?: string;
};

/** Connects; the greeting is the first reply. */
export async function dial({ port, tls, tlsOptions = {}, localAddress }: DialOptions): Promise<Dialogue> {
  const trust = { host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false, ...tlsOptions };
  const tcp = connectTcp({ host: '127.0.0.1', port, ...(localAddress && { localAddress }) });
  if (!tls) await once(tcp, 'connect');
  const first = tls ? connectTls({ ...trust, socket: tcp }) : tcp;
  if (tls) await once(first, 'secureConnect');
  return converse(first, trust);
}

function converse(first: Socket | TLSSocket, trust: ConnectionOptions): Dialogue {
  let socket = first;
  let text = '';
  let over = false;
  let wake = () => {};
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const listen = (on: Socket | TLSSocket) => {
    on.setNoDelay(true);
    on.on('data', (chunk: Buffer) => ((text += chunk.toString('latin1')), wake()));
    on.on('error', () => undefined);
    on.on('close', () => ((over = true), wake(), end()));
    on.on('end', () => ((over = true), wake(), end()));
  };
  listen(socket);
  const reply = async (withinMs = 10_000): Promise<DialogueReply> => {
    const timeout = AbortSignal.timeout(withinMs);
    for (;;) {
      const [whole, code] = /^(?:\d{3}-.*\r\n)*(\d{3})(?: .*)?\r\n/.exec(text) ?? [];
      if (whole !== undefined) {
        text = text.slice(whole.length);
        return { code: Number(code), lines: whole.trimEnd().split('\r\n'), text: whole.trimEnd() };
      }
      if (over) throw new Error(`the server closed; unread: ${JSON.stringify(text)}`);
      if (timeout.aborted) throw new Error(`no reply within ${withinMs} ms; unread: ${JSON.stringify(text)}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        timeout.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  };
  const send = (data: string | Uint8Array) =>
    void socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  const say = (line: string, withinMs?: number) => {
    send(`${line}\r\n`);
    return reply(withinMs);
  };
  return {
    reply,
    say,
    send,
    async sendApart(pieces) {
      for (const piece of pieces)
        await new Promise<void>((written) => void socket.write(Buffer.from(piece, 'latin1'), () => written()));
    },
    async startTls(injected = '') {
      send(`STARTTLS\r\n${injected}`);
      const answer = await reply();
      if (answer.code !== 220) throw new Error(answer.text);
      socket.removeAllListeners();
      const secured = connectTls({ ...trust, socket });
      await once(secured, 'secureConnect');
      socket = secured;
      listen(secured);
    },
    socket: () => socket,
    ended,
    close: () => socket.destroy(),
  };
}

/** AUTH PLAIN's argument. */
export function plain(username: string, password: string): string {
  return Buffer.from(`\0${username}\0${password}`).toString('base64');
}

/** MAIL, RCPT, DATA and the message (CRLF lines, dots not yet stuffed); the reply to the final dot, or the refusal before it. */
export async function submitBy(
  client: Dialogue,
  message: string,
  { from = 'orders@shop.test', to = ['someone@else.test'] }: { from?: string; to?: readonly string[] } = {},
): Promise<string> {
  for (const line of [`MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`), 'DATA']) {
    const answer = await client.say(line);
    if (answer.code >= 400) return answer.text;
  }
  client.send(message.replace(/^\./gm, '..'));
  return (await client.say('.', 60_000)).text;
}
