// Whether the queue has room for more mail: marks in its storage and depth from which on mail is refused, early and for a while,
// so that what was accepted can always be deferred. Schedules cannot be stored with a limit of their own: this is the limit.
// Pure. A mark once reached holds until the level is some per cent below it. Refuses to know how levels are read.
import { lanes, type Lane } from '@relayfleet/contract/envelope.ts';
import type { FleetPolicy } from '@relayfleet/contract/snapshot.ts';
import { streams } from '@relayfleet/contract/subjects.ts';
import type { QueueStates } from '@relayfleet/jetstream/stream-states.ts';
import type { ReplyKey } from '../replies.ts';

export type Levels = {
  /** 0 to 1: the fullest of the whole storage, the mail stream and the body stream. */
  readonly fill: number;
  /** Entries that wait for another attempt, as a share of those that may. */
  readonly deferred: number;
};

type Limits = Pick<FleetPolicy, 'storageBytes'> & { readonly limits: Pick<FleetPolicy['limits'], 'maxDeferred'> };

/** A limit that is not told counts as far away. */
export function levelsOf({ streams: states }: QueueStates, { storageBytes, limits }: Limits): Levels {
  const limited = [streams.mail, streams.bodies] as const;
  const share = (part: number, whole: number | undefined) => (whole === undefined || whole <= 0 ? 0 : part / whole);
  const ofStream = states
    .filter(({ stream }) => limited.some((name) => name === stream))
    .map(({ bytes, maxBytes }) => share(bytes, maxBytes));
  const total = states.reduce((sum, { bytes }) => sum + bytes, 0);
  const waiting = states.find(({ stream }) => stream === streams.deferred)?.messages ?? 0;
  return { fill: Math.max(share(total, storageBytes), ...ofStream), deferred: share(waiting, limits.maxDeferred) };
}

type MarkRule = {
  /** The reply to those it is for. */
  readonly name: ReplyKey;
  readonly lanes: readonly Lane[];
  /** 1 or more: reached. */
  readonly level: (levels: Levels) => number;
};

const rules = [
  { name: 'storeNearlyFull', lanes, level: ({ fill }) => fill / 0.8 },
  { name: 'storeFilling', lanes: ['bulk'], level: ({ fill }) => fill / 0.7 },
  { name: 'tooManyDeferred', lanes: ['bulk'], level: ({ deferred }) => deferred },
] as const satisfies readonly MarkRule[];

export type Mark = (typeof rules)[number]['name'];
export type Marks = ReadonlySet<Mark>;
export const markNames: readonly Mark[] = rules.map(({ name }) => name);
export const noMarks: Marks = new Set();

/** A mark is left once the level is this share of it: else mail would be taken and refused in turns. */
const leftAt = 0.96;

/** The marks in force, after those that were so far. */
export function marksAt(levels: Levels, before: Marks): Marks {
  const inForce = rules.filter(({ name, level }) => level(levels) >= (before.has(name) ? leftAt : 1));
  return new Set(inForce.map(({ name }) => name));
}

/** What to say to mail of this lane; undefined when it is welcome. */
export function refusalAt(marks: Marks, lane: Lane): Mark | undefined {
  return rules.find((rule) => marks.has(rule.name) && (rule.lanes as readonly Lane[]).includes(lane))?.name;
}
