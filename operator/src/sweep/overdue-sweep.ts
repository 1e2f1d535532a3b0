// One pass over a fleet's schedules: what should long have come back is moved to now. nats-server (2.15.2, scheduler.go markInflight)
// never again fires a schedule that fell due while its storage was full, until it is restarted or the schedule is written anew.
// All by the server's clock: neither ours nor that of the node that deferred the mail makes anything overdue.
import { dueMinuteOf } from '@relayfleet/contract/subjects.ts';
import type { WaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import type { MoveAll } from './move-all.ts';

export type OverdueSweepDeps = {
  readonly waiting: Pick<WaitingMail, 'deferred'>;
  readonly moveAll: MoveAll;
  /** Later than that a schedule does not fire by itself. */
  readonly overdueMs: number;
  /**
   * How long after the pass a moved schedule fires. Should it have been firing after all, and the server have replicas, there are two
   * entries then (waiting-mail.ts); by the time of the second the attempt of the first is on record, which ends it.
   */
  readonly apartMs: number;
  /** Moves in one pass; the next goes on with the rest. */
  readonly most: number;
};

export type OverdueSweep = {
  /** Resolves with how many were moved. Rejects when NATS does not answer or refuses, as it does while its storage is full. */
  pass(signal: AbortSignal): Promise<number>;
};

export function createOverdueSweep({ waiting, moveAll, ...limits }: OverdueSweepDeps): OverdueSweep {
  let before: ReadonlySet<string> = new Set();

  async function sweep(signal: AbortSignal): Promise<number> {
    const { subjects, now } = await waiting.deferred({});
    const pastDue = subjects.filter((subject) => isPastDue(subject, now));
    const suspects = stillThere(pastDue, before).slice(0, limits.most);
    before = new Set(pastDue);
    const wanted = ({ at }: { readonly at: number }) => at < now - limits.overdueMs;
    const move = { to: now + limits.apartMs, because: 'overdue', reason: 'overdue', wanted } as const;
    const { moved } = await moveAll(suspects, move, signal);
    return moved;
  }

  return {
    async pass(signal) {
      try {
        return await sweep(signal);
      } catch (cause) {
        before = new Set();
        throw cause;
      }
    },
  };
}

/** By its subject, which names the minute in which it is due. */
export function isPastDue(subject: string, now: number): boolean {
  const minute = dueMinuteOf(subject);
  return minute !== undefined && minute <= now;
}

/** Past due at the last look, too: when NATS has been away everything is overdue at first, and most of it fires by itself. */
export function stillThere(pastDue: readonly string[], before: ReadonlySet<string>): readonly string[] {
  return pastDue.filter((subject) => before.has(subject));
}
