// How closely the retries of a destination that cannot be reached may follow one another. Each costs the node as much as a living
// mail's acknowledgement does, and a hundred thousand of them falling due within minutes would be felt by everybody else.
// So a destination that is down gets a bounded pace; a small backlog never notices. Refuses to know what failed and why.
// (Postfix spares itself such tries by declaring the destination dead; here every mail keeps its own schedule, later at most.)

export type Spacing = {
  /** The destination was not reached. When a retry that its schedule has at `due` (epoch, milliseconds) is to be made: not before. */
  failed(destination: string, due: number): number;
  /** The destination answered: what fails from now on begins anew. True: retries had been put off, and need not be any more. */
  answered(destination: string): boolean;
};

export type SpacingOptions = {
  /** Milliseconds since the epoch, of the clock that due times are told in. */
  readonly now: () => number;
  readonly limits?: SpacingLimits;
};

export type SpacingLimits = {
  /** Retries of one destination that may fall due in each slot. */
  readonly perSlot: number;
  readonly slotMs: number;
  /** No retry is put off by more. */
  readonly longestMs: number;
  /** Further destinations are not followed: memory is bounded, and what fails everywhere is not helped by this. */
  readonly destinations: number;
};

/** 50 a second cost a node some 3 % of a processor (`npm run bench -- --figures backlog`). */
export const standardSpacing: SpacingLimits = {
  perSlot: 500,
  slotMs: 10_000,
  longestMs: 30 * 60_000,
  destinations: 1_000,
};

type Destination = { /** Retries by slot. */ readonly slots: Map<number, number>; putOff: boolean };

export function openSpacing({ now, limits = standardSpacing }: SpacingOptions): Spacing {
  const { perSlot, slotMs, longestMs } = limits;
  const destinations = new Map<string, Destination>();
  const slotOf = (ms: number) => Math.floor(ms / slotMs);
  let cleaned = slotOf(now());

  /** Slots that are over, and destinations without any. */
  const forget = () => {
    const present = slotOf(now());
    if (present === cleaned) return;
    cleaned = present;
    for (const [name, { slots }] of destinations) {
      for (const slot of slots.keys()) if (slot < present) slots.delete(slot);
      if (slots.size === 0) destinations.delete(name);
    }
  };

  return {
    failed: (name, due) => {
      forget();
      const destination = destinations.get(name) ?? { slots: new Map<number, number>(), putOff: false };
      if (!destinations.has(name) && destinations.size >= limits.destinations) return due;
      destinations.set(name, destination);
      const { slots } = destination;
      const [first, last] = [slotOf(due), slotOf(due + longestMs)];
      let slot = first;
      while (slot < last && (slots.get(slot) ?? 0) >= perSlot) slot++;
      slots.set(slot, (slots.get(slot) ?? 0) + 1);
      if (slot > first) destination.putOff = true;
      return due + (slot - first) * slotMs; // each keeps its place within a slot, so that none come all at once
    },
    answered: (name) => {
      const putOff = destinations.get(name)?.putOff ?? false;
      destinations.delete(name);
      return putOff;
    },
  };
}
