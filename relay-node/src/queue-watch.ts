// Looks at the queue's depth and fill every two seconds, once for all who ask: the marks at which mail is refused, and the metrics.
// Knowing nothing, since NATS is away, refuses nothing: the commit itself finds out. What a mark means is policy/admission.ts's word.
import type { FleetPolicy } from '@relayfleet/contract/snapshot.ts';
import type { QueueStates } from '@relayfleet/jetstream/stream-states.ts';
import { levelsOf, marksAt, noMarks, type Levels, type Marks } from './policy/admission.ts';

export type QueueWatch = {
  /** Undefined when nothing was learnt for a while. */
  states(): QueueStates | undefined;
  marks(): Marks;
  stop(): void;
};

export type QueueWatchDeps = {
  /** Rejects when NATS does not answer. */
  readonly read: () => Promise<QueueStates>;
  /** Undefined before the first snapshot. */
  readonly fleet: () => FleetPolicy | undefined;
  /** Of a clock that is never set, in milliseconds. */
  readonly now: () => number;
  /** Told after every look; undefined levels: nothing was learnt. */
  readonly onLook: (marks: Marks, levels: Levels | undefined) => void;
  readonly everyMs?: number;
};

const lookEveryMs = 2_000;
/** In looks: one that failed or takes long is made up for by the next ones. */
const staleAfter = 5;

export function watchQueue({ read, fleet, now, onLook, everyMs = lookEveryMs }: QueueWatchDeps): QueueWatch {
  let last: { readonly states: QueueStates; readonly at: number } | undefined;
  let marks = noMarks;
  let busy = false;

  const current = () => (last !== undefined && now() - last.at <= staleAfter * everyMs ? last.states : undefined);
  const look = async () => {
    if (busy) return;
    busy = true;
    const states = await read().catch(() => undefined);
    busy = false;
    if (states !== undefined) last = { states, at: now() };
    const policy = fleet();
    const levels = states && policy && levelsOf(states, policy);
    if (levels !== undefined) marks = marksAt(levels, marks);
    onLook(current() === undefined ? noMarks : marks, levels);
  };

  const timer = setInterval(() => void look(), everyMs);
  void look();
  return {
    states: current,
    marks: () => (current() === undefined ? noMarks : marks),
    stop: () => clearInterval(timer),
  };
}
