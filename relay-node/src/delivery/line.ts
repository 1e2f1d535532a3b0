// The open connection of a session, once its socket is ours: questions go out, replies come back in order, the message follows
// within what the peer reads. Every way it can end is one word here; a deadline counts for a whole answer, however it drips, and a
// reply to no question ends the session. Refuses to know what is asked.
import type { Socket } from 'node:net';
import { stuffed } from './dot-stuffing.ts';
import { openSupply, type Rest } from './supply.ts';
import { openReplyReader, type Reply, type ReplyReader } from './reply-reader.ts';

export type Asked = {
  readonly replies: readonly Reply[];
  /** Why there are fewer replies than were asked for, in a word; `STOPPED` is our own stop. A 421 is the last of the replies. */
  readonly ended?: string;
};

export type Uploaded = {
  readonly reply: Reply | undefined;
  readonly ended?: string;
  /** Whether any of the message was handed to the socket, and whether its final dot was: then the peer may have it. */
  readonly begun: boolean;
  readonly dotSent: boolean;
};

/** A message in pieces that follow one another, and what follows them, if that is not at hand. */
export type Upload = { readonly pieces: readonly Buffer[]; readonly rest?: Rest | undefined };

export type UploadPatience = { readonly blockMs: number; readonly finalMs: number };

export type Line = {
  /** Gives whatever follows this long, counted from now. */
  allow(ms: number): void;
  /** Writes commands at once and waits for their replies. */
  ask(commands: string, replies: number): Promise<Asked>;
  /**
   * Sends a message after 354 and waits for the reply to its final dot; a reply that comes sooner stops it before the dot, and so does
   * a rest that cannot be read or is damaged, which ends the connection.
   */
  upload(message: Upload, patience: UploadPatience): Promise<Uploaded>;
  /** Nothing is under way any more: no deadline, and whatever the peer says now ends the session. */
  rest(): void;
  isOpen(): boolean;
  /** Writes what is given and QUIT; ends the connection soon after, answered or not. */
  leave(lastCommand?: string): void;
  /** Ends the connection without a word. */
  hangUp(): void;
};

type Waiting = {
  readonly count: number;
  readonly replies: Reply[];
  readonly resolve: (asked: Asked) => void;
};
type State = {
  readonly socket: Socket;
  readonly reader: ReplyReader;
  waiting: Waiting | undefined;
  /** Sends more of the message, as the peer has room for it. */
  pump: (() => void) | undefined;
  timer: NodeJS.Timeout | undefined;
  ended: string | undefined;
  /** Stops listening to the signal. */
  release: () => void;
};

const quitPatienceMs = 2_000;

/** Takes a socket that nobody else listens to. */
export function startLine(socket: Socket, signal: AbortSignal): Line {
  const state: State = {
    socket,
    reader: openReplyReader(),
    waiting: undefined,
    pump: undefined,
    timer: undefined,
    ended: undefined,
    release: () => signal.removeEventListener('abort', stop),
  };
  const stop = () => end(state, 'STOPPED');
  signal.addEventListener('abort', stop);
  socket
    .on('data', (octets: Buffer) => receive(state, octets))
    .on('drain', () => state.pump?.())
    .on('error', (error: NodeJS.ErrnoException) => end(state, error.code ?? error.name))
    .on('end', () => end(state, 'ECONNECTION'))
    .on('close', () => end(state, 'ECONNECTION'));
  if (signal.aborted) stop();
  else if (!socket.writable) end(state, 'ECONNECTION');
  return {
    allow: (ms) => allow(state, ms),
    ask: (commands, replies) => {
      const asked = wait(state, replies);
      if (state.ended === undefined) socket.write(commands);
      return asked;
    },
    upload: (message, patience) => upload(state, message, patience),
    rest: () => clearTimeout(state.timer),
    isOpen: () => state.ended === undefined,
    leave: (lastCommand = '') => leave(state, lastCommand),
    hangUp: () => end(state, 'HUNG_UP'),
  };
}

function allow(state: State, ms: number): void {
  clearTimeout(state.timer);
  if (state.ended === undefined) state.timer = setTimeout(end, ms, state, 'ETIMEDOUT');
}

function wait(state: State, count: number): Promise<Asked> {
  if (state.ended !== undefined) return Promise.resolve({ replies: [], ended: state.ended });
  return new Promise((resolve) => {
    state.waiting = { count, replies: [], resolve };
  });
}

async function upload(state: State, { pieces, rest }: Upload, patience: UploadPatience): Promise<Uploaded> {
  const progress = { begun: false, dotSent: false };
  const answer = wait(state, 1);
  const supply =
    rest &&
    openSupply(rest, {
      onArrival: () => void (state.socket.writableNeedDrain || state.pump?.()),
      onFailure: (why) => end(state, why),
    });
  const blocks = stuffed(pieces, supply);
  state.pump = () => pump(state, blocks, progress, patience);
  if (state.ended === undefined) state.pump();
  const { replies, ...asked } = await answer;
  supply?.stop();
  return { reply: replies[0], ...asked, ...progress };
}

/** Hands over as much as there is and the socket takes, a small message with its dot in one write. */
function pump(
  state: State,
  blocks: Generator<Buffer | undefined, Buffer>,
  progress: { begun: boolean; dotSent: boolean },
  { blockMs, finalMs }: UploadPatience,
): void {
  if (state.reader.isInside()) return; // an answer has begun already: no dot until it is known what it says
  const { socket } = state;
  progress.begun = true;
  socket.cork();
  let room = true;
  while (room && !progress.dotSent) {
    const { value, done = false } = blocks.next();
    if (value === undefined) break; // more of it is coming
    progress.dotSent = done;
    room = socket.write(value);
  }
  socket.uncork();
  if (progress.dotSent) state.pump = undefined;
  allow(state, progress.dotSent ? finalMs : blockMs);
}

function receive(state: State, octets: Buffer): void {
  if (state.ended !== undefined) return void state.socket.end(); // the answer to QUIT
  for (const found of state.reader.push(octets)) {
    if ('unreadable' in found) return end(state, found.unreadable);
    if (state.waiting === undefined) return end(state, 'EARLY_REPLY');
    const { replies, count } = state.waiting;
    replies.push(found);
    if (found.code === 421) return end(state, 'ECONNECTION'); // RFC 5321 §3.8: the peer closes the session
    if (replies.length === count) settle(state);
  }
  if (state.waiting === undefined && state.reader.isInside()) end(state, 'EARLY_REPLY');
}

function settle(state: State): void {
  const { waiting, ended } = state;
  state.waiting = undefined;
  state.pump = undefined;
  waiting?.resolve({ replies: waiting.replies, ...(ended === undefined ? {} : { ended }) });
}

function end(state: State, why: string): void {
  if (state.ended !== undefined) return;
  cease(state, why);
  state.socket.destroy();
}

function cease(state: State, why: string): void {
  state.ended = why;
  clearTimeout(state.timer);
  state.release();
  settle(state);
}

/** RFC 5321 §4.1.1.10: the answer to QUIT is waited for, within reason. */
function leave(state: State, lastCommand: string): void {
  if (state.ended !== undefined) return;
  cease(state, 'QUIT');
  state.socket.write(`${lastCommand}QUIT\r\n`);
  setTimeout(() => state.socket.destroy(), quitPatienceMs).unref();
}
