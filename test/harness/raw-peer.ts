// A next hop played octet by octet: greets, answers EHLO, and from there a test reads and writes what it likes, when it likes.
// For what no orderly server does; `scripted-peer.ts` is the one that speaks SMTP by itself.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export type RawConversation = {
  readonly socket: Socket;
  say(octets: string): void;
  /** Everything up to and including the mark, as it comes; rejects when the connection ends before. */
  heard(mark: string): Promise<string>;
  /** Everything until the connection ends. */
  rest(): Promise<string>;
  /** What came and was not asked for yet. */
  waiting(): string;
};

export type RawPeer = {
  readonly port: number;
  /** Ends when the script of the one session has; rejects when it failed. */
  readonly done: Promise<void>;
};

export const ehloReply = '250-peer.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n';

/** Plays one session. */
export async function startRawPeer(
  t: TestContext,
  script: (conversation: RawConversation) => Promise<void>,
  ehlo = ehloReply,
): Promise<RawPeer> {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  done.catch(() => undefined); // the test may be over before it looks
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    t.after(() => socket.destroy());
    const conversation = listen(socket);
    conversation.say('220 peer.test\r\n');
    conversation
      .heard('\r\n')
      .then(() => conversation.say(ehlo))
      .then(() => script(conversation))
      .then(resolve, reject);
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, done };
}

function listen(socket: Socket): RawConversation {
  let text = '';
  let ended = false;
  const wakes = new Set<() => void>();
  const wake = () => wakes.forEach((look) => look());
  socket.on('data', (octets: Buffer) => {
    text += octets.toString('latin1');
    wake();
  });
  const close = () => {
    ended = true;
    wake();
  };
  socket.on('error', close).on('end', close).on('close', close);
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const again = () => {
        const found = look();
        if (found === undefined && !ended) return;
        wakes.delete(again);
        if (found !== undefined) resolve(found);
        else reject(new Error(`the connection ended after ${JSON.stringify(text.slice(-200))}`));
      };
      wakes.add(again);
      again();
    });
  const take = (length: number) => {
    const taken = text.slice(0, length);
    text = text.slice(length);
    return taken;
  };
  return {
    socket,
    say: (octets) => void socket.write(octets, 'latin1'),
    heard: (mark) => {
      let searched = 0;
      return until(() => {
        const at = text.indexOf(mark, searched);
        searched = Math.max(0, text.length - mark.length);
        return at === -1 ? undefined : take(at + mark.length);
      });
    },
    rest: () => until(() => (ended ? take(text.length) : undefined)),
    waiting: () => text,
  };
}
