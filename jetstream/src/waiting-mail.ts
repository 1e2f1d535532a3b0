// Deferred mail as whoever brings it forward sees it: listed by subject, looked at one by one, its schedule moved to now.
// Hands envelopes to the caller's judgement and keeps none. Decides nothing about which mail, or when.
//
// Why a schedule is moved, and its entry not published to the target with `Nats-Schedule-Next: purge`: nats-server (2.15.2) takes
// whatever is due from its wheel at once, publishes one after the other, and asks nothing before it does (filestore.go
// runMsgScheduling, stream.go RegisterProcessJetStreamMsg). An entry published in between is there twice: of 3,000 falling due
// together 1,120 were brought forward that way meanwhile, and each of them was doubled. A schedule moved in between is purged with
// its subject when the old one fires, and one that has fired already has another sequence and is refused: of 1,422 none was.
// With replicas neither form is safe for a schedule that is firing: its publication is proposed, and the leader judges the move by
// what is applied (16 of 16 were doubled). So nobody should move what is about to fire, and what may be firing only to a later time.
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { StoredMsg } from '@nats-io/jetstream';
import { wokenHeader } from '@relayfleet/contract/order.ts';
import { deferredFilter, entryFilter, streams, type SubjectFilter } from '@relayfleet/contract/subjects.ts';
import { wrongLastSequence } from './bucket.ts';
import type { Nats } from './connect.ts';
import { manager, readLast, readNear } from './read.ts';

/** A schedule as stored. */
export type Waiting = {
  /** Grows with every write to the stream. */
  readonly sequence: number;
  /** When it comes back by itself, in milliseconds by the server's clock. */
  readonly at: number;
  readonly entry: Uint8Array;
};

/** What was deferred at one moment. */
export type Listing = {
  /** Of entries that wait (`df`) and of those that are due again (`rt`). */
  readonly subjects: readonly string[];
  /** The newest sequence then. */
  readonly upTo: number;
  /** That moment by the server's clock, in milliseconds. */
  readonly now: number;
};

export type Move = {
  /** Milliseconds by the server's clock; the past is at once. */
  readonly to: number;
  /** What the entry will say it was brought forward by. */
  readonly because: string;
  /** Judges the entry as it is now. */
  readonly wanted: (waiting: Waiting) => boolean;
};

/** left: not wanted. gone: it fired, was replaced, or was never there. */
export type Moved = 'moved' | 'left' | 'gone';

/** Everything rejects when NATS does not answer, refuses, or lacks the stream: not knowing is not "nothing there". */
export type WaitingMail = {
  /** Subjects of entries that match and are ready, never deferred. */
  ready(filter: MailFilter): Promise<readonly string[]>;
  /**
   * Subjects of entries that match and were deferred. Beyond 100,000 the answer comes in pages, and may lack some of what was
   * between two pages when others left.
   */
  deferred(filter: MailFilter): Promise<Listing>;
  move(subject: string, move: Move): Promise<Moved>;
};

/** What every subject tells, those of early builds included. */
export type MailFilter = Omit<SubjectFilter, 'domain'>;

const moveTimeoutMs = 5_000;

export function openWaitingMail(nats: Nats): WaitingMail {
  const list = async (stream: string, subjects_filter: string) => {
    const { state, ts } = await nats.whileConnected((await manager(nats)).streams.info(stream, { subjects_filter }));
    return { subjects: Object.keys(state.subjects ?? {}), upTo: state.last_seq, now: Date.parse(ts ?? '') };
  };

  /** False: it is not what was read any more. */
  async function replace(subject: string, stored: StoredMsg, { to, because }: Move): Promise<boolean> {
    const moved = movedHeaders(stored, to);
    moved.set(wokenHeader, because);
    moved.set('Nats-Expected-Last-Subject-Sequence', String(stored.seq));
    const answer = await nats.ask(subject, stored.data, { headers: moved, timeoutMs: moveTimeoutMs });
    const { error } = answer.json<{ readonly error?: { readonly err_code: number; readonly description: string } }>();
    if (error === undefined) return true;
    if (wrongLastSequence.has(error.err_code)) return false;
    throw new Error(`a schedule cannot be moved: ${error.description} (error ${error.err_code})`);
  }

  return {
    ready: async (filter) => (await list(streams.mail, entryFilter('mq', filter))).subjects,
    deferred: (filter) => list(streams.deferred, deferredFilter(filter)),
    async move(subject, move) {
      // The nearest replica first; the leader has the last word, since a replica may lag.
      for (const read of [readNear, readLast]) {
        const stored = await read(nats, streams.deferred, subject);
        const waiting = stored && asWaiting(stored);
        if (waiting === undefined) continue;
        if (!move.wanted(waiting)) return 'left';
        if (await replace(subject, stored!, move)) return 'moved';
      }
      return 'gone';
    },
  };
}

/** Undefined: not a schedule for one moment, and so nothing that ever waited. */
function asWaiting({ header, seq, data }: StoredMsg): Waiting | undefined {
  const at = Date.parse(/^@at (.+)$/.exec(header.get('Nats-Schedule'))?.[1] ?? '');
  return Number.isNaN(at) ? undefined : { sequence: seq, at, entry: data };
}

/** The target and what is ours; all else the server adds to what is stored and to what is read. */
function movedHeaders({ header }: StoredMsg, to: number): MsgHdrs {
  const moved = headers();
  moved.set('Nats-Schedule', `@at ${new Date(to).toISOString()}`);
  moved.set('Nats-Schedule-Target', header.get('Nats-Schedule-Target'));
  for (const name of header.keys()) if (!name.startsWith('Nats-')) moved.set(name, header.get(name));
  return moved;
}
