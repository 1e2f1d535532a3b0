// Moves many schedules to now: a few at once and so many a second, whoever asks, since every move is two synced writes and the nodes
// that take what comes forward have other mail, too. Judges nothing.
import type { Move, Moved, WaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';

/** Why mail is brought forward before, or long after, its time. */
export type MoveReason = 'overdue' | 'retry' | 'drop';

export type MoverDeps = {
  readonly waiting: Pick<WaitingMail, 'move'>;
  /** Milliseconds that only run forward. */
  readonly monotonic: () => number;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** So many were moved just now. */
  readonly onMoved: (reason: MoveReason, count: number) => void;
};

export type Tally = Readonly<Record<Moved, number>>;

/** Ends early when the signal aborts. Rejects when a move does; those beside it have ended by then. */
export type MoveAll = (
  subjects: readonly string[],
  move: Move & { readonly reason: MoveReason },
  signal: AbortSignal,
) => Promise<Tally>;

const atOnce = 16;
const perSecond = 1_000;

/** All that is asked of one mover keeps one pace. */
export function createMover({ waiting, monotonic, sleep, onMoved }: MoverDeps): MoveAll {
  let nextTurn = -Infinity;

  async function turn(count: number, signal: AbortSignal): Promise<void> {
    const now = monotonic();
    const at = Math.max(now, nextTurn);
    nextTurn = at + (count * 1_000) / perSecond;
    if (at > now) await sleep(at - now, signal);
  }

  return async (subjects, move, signal) => {
    const tally: Record<Moved, number> = { moved: 0, left: 0, gone: 0 };
    for (let from = 0; from < subjects.length; from += atOnce) {
      const few = subjects.slice(from, from + atOnce);
      await turn(few.length, signal);
      if (signal.aborted) break;
      const ends = await Promise.allSettled(few.map((subject) => waiting.move(subject, move)));
      const movedBefore = tally.moved;
      for (const end of ends) if (end.status === 'fulfilled') tally[end.value] += 1;
      if (tally.moved > movedBefore) onMoved(move.reason, tally.moved - movedBefore);
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
    return tally;
  };
}
