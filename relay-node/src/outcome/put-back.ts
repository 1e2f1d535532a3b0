// When an entry that was put back unsent is looked at again: one that somebody holds, one whose destination had its share already.
// Each look costs two synced writes and a hundred thousand entries may wait like this, so waits grow with the time waited so far.
// Pure, and moments lie on a grid of the entry's own: put back again after a crash, it replaces itself instead of adding a copy.
import { spread } from './schedule.ts';

const minute = 60_000;

export type HeldEntry = { readonly id: string; readonly heldSince: number };

/** When a held entry is looked at again: after 1 to 2 minutes at first, growing to a quarter of an hour, never within 30 s. */
export function nextLook({ id, heldSince }: HeldEntry, now: number): number {
  const first = minute * (1 + spread(id));
  const heldFor = Math.max(0, now - heldSince);
  const doublings = Math.max(0, Math.floor(Math.log2(heldFor / first)) - 1);
  const longest = 12 * minute * (1 + spread(id) / 4);
  return onGrid({ from: heldSince, step: Math.min(first * 2 ** doublings, longest), after: now + minute / 2 });
}

export type SurplusEntry = {
  readonly id: string;
  /** When it was due this time. */
  readonly due: number;
  /** How often it was put back as surplus before. */
  readonly pushedBack: number;
};

/** When surplus of a busy destination comes again: after 20 to 60 s at first, twice as late each time, up to a quarter of an hour. */
export function nextTurn({ id, due, pushedBack }: SurplusEntry, now: number): number {
  const first = 26_000 * (1 + 0.3 * spread(`${id}.${pushedBack}`));
  const grown = Math.min(first * 2 ** pushedBack, 10 * minute);
  return onGrid({ from: due, step: grown, after: now + grown * 0.77 });
}

/** The first moment `from + n × step` that is later than `after`, in whole milliseconds. */
function onGrid({ from, step, after }: { readonly from: number; readonly step: number; readonly after: number }) {
  const steps = Math.max(1, Math.floor((after - from) / step) + 1);
  return Math.ceil(from + steps * step);
}
