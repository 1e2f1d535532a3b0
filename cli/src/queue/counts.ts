// How many entries there are: by state and destination before something is done to them, and by age as qshape counts (Postfix). Pure.
import { mailIdTime } from '@relayfleet/contract/mail-id.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { mailStates, type MailListing, type MailState } from '@relayfleet/jetstream/list-mail.ts';
import { table } from '../table.ts';

export type StateCounts = Readonly<Record<MailState, number>>;

export type Counts = {
  readonly total: number;
  readonly states: StateCounts;
  /** Most entries first. */
  readonly destinations: readonly Group[];
};

export type Group = {
  readonly name: string;
  readonly total: number;
  readonly states: StateCounts;
  /** Entries by the age of their mail, as `ageLimits` divide it; the last one counts the older ones. */
  readonly ages: readonly number[];
};

export const groupings = ['destination', 'platform', 'domain', 'lane'] as const;
export type Grouping = (typeof groupings)[number];

const minute = 60_000;
/** Upper limits of the age columns, with what they are called. */
export const ageLimits = [
  { name: '<5m', ms: 5 * minute },
  { name: '<30m', ms: 30 * minute },
  { name: '<2h', ms: 120 * minute },
  { name: '<8h', ms: 480 * minute },
  { name: '<1d', ms: 1440 * minute },
  { name: '<3d', ms: 3 * 1440 * minute },
  { name: 'older', ms: Infinity },
] as const;

export function tally(entries: readonly MailListing[], now: number): Counts {
  const destinations = groupEntries(entries, 'destination', now);
  const states = Object.fromEntries(
    mailStates.map((state) => [state, destinations.reduce((sum, group) => sum + group.states[state], 0)]),
  ) as StateCounts;
  return { total: entries.length, states, destinations };
}

/** Most entries first, then by name. */
export function groupEntries(entries: readonly MailListing[], by: Grouping, now: number): readonly Group[] {
  const groups = new Map<string, { states: Record<MailState, number>; ages: number[] }>();
  for (const { state, key } of entries) {
    const name = by === 'platform' ? refKey(key.platform) : (key[by] ?? 'unknown');
    const group = groups.get(name) ?? { states: emptyStates(), ages: ageLimits.map(() => 0) };
    groups.set(name, group);
    const age = now - mailIdTime(key.id);
    const column = ageLimits.findIndex(({ ms }) => age < ms);
    group.states[state] += 1;
    group.ages[column] = (group.ages[column] ?? 0) + 1;
  }
  return [...groups]
    .map(([name, group]) => ({ name, total: group.ages.reduce((sum, count) => sum + count, 0), ...group }))
    .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
}

/** `12 entries: 3 ready, 9 deferred` */
export function countsLine({ total, states }: Pick<Counts, 'total' | 'states'>): string {
  if (total === 0) return 'no entries';
  const parts = mailStates.filter((state) => states[state] > 0).map((state) => `${states[state]} ${stateWords[state]}`);
  return `${total} ${total === 1 ? 'entry' : 'entries'}: ${parts.join(', ')}`;
}

const stateWords: Readonly<Record<MailState, string>> = {
  ready: 'ready',
  retry: 'due again (retry)',
  deferred: 'deferred',
  held: 'held',
  dead: 'dead',
};

/** By destination and state, the largest first; what does not fit is counted together. */
export function countsTable({ destinations }: Counts, mostRows = 15): string {
  const shown = destinations.slice(0, mostRows);
  const rest = destinations.slice(mostRows);
  const seen = mailStates.filter((state) => destinations.some(({ states }) => states[state] > 0));
  const rows = shown.map(({ name, total, states }) => [
    name,
    String(total),
    ...seen.map((state) => String(states[state])),
  ]);
  const others = rest.reduce((sum, { total }) => sum + total, 0);
  return `${table(['DESTINATION', 'TOTAL', ...seen.map((state) => state.toUpperCase())], rows)}${
    rest.length === 0 ? '' : `and ${others} entries for ${rest.length} more destinations\n`
  }`;
}

/** Groups by the age of their mail, as qshape prints them. */
export function agesTable(groups: readonly Group[], by: Grouping): string {
  const total = ageLimits.map((_, column) => groups.reduce((sum, { ages }) => sum + (ages[column] ?? 0), 0));
  const row = (name: string, ages: readonly number[]) => [
    name,
    String(ages.reduce((sum, count) => sum + count, 0)),
    ...ages.map(String),
  ];
  return table(
    [by.toUpperCase(), 'TOTAL', ...ageLimits.map(({ name }) => name)],
    [row('TOTAL', total), ...groups.map(({ name, ages }) => row(name, ages))],
  );
}

/** For programs: without the ages. */
export function countsDocument({ total, states, destinations }: Counts): object {
  return { total, states, destinations: destinations.map(({ ages: _ages, ...group }) => group) };
}

/** For programs: the ages under the names of their columns. */
export function groupDocument({ ages, ...group }: Group): object {
  return { ...group, ages: Object.fromEntries(ageLimits.map(({ name }, column) => [name, ages[column] ?? 0])) };
}

function emptyStates(): Record<MailState, number> {
  return { ready: 0, retry: 0, deferred: 0, held: 0, dead: 0 };
}
