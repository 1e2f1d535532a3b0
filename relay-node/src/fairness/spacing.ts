// How closely the retries of a destination that cannot be reached may follow one another. Each costs the node as much as a living
// mail's acknowledgement does, and a hundred thousand of them falling due within minutes would be felt by everybody else.
// So a destination that is down gets a bounded pace; a small backlog never notices. Refuses to know what failed and why.
// (Postfix spares itself such tries by declaring the destination dead; here every mail keeps its own schedule, later at most.)

export type Spacing = {
  /** The destination was not reached. When a retry that its schedule has at `due` (epoch, milliseconds) is to be made: not before. */
  failed(destination: string, due: number): number;
  /**
   * The destination answered. True: retries had been put off, and are to be brought forward; what fails from now on begins anew. Those
   * that were not put off stay where they are, and still count: a destination that answers now and then is spaced like any other.
   */
  answered(destination: string): boolean;
};

export type SpacingOptions = {
  /** Milliseconds since the epoch, of the clock that due times are told in. */
  readonly now: () => number;
  readonly limits?: SpacingLimits;
};

export type SpacingLimits = {
  /** Retries of one destination that fall due in each slot; more only where all that may be used are full. */
  readonly perSlot: number;
  readonly slotMs: number;
  /** No retry is put off by more. */
  readonly longestMs: number;
  /**
   * So many are followed: memory is bounded, and what fails everywhere is not helped by this. One more takes the place of the one that
   * was followed longest without needing it, if there is one: a thousand misspelt domains keep nobody's backlog from being spaced.
   */
  readonly destinations: number;
};

/** 20 a second: enough to notice within a moment that the destination is back, and 72,000 mails before an hour is full. */
export const standardSpacing: SpacingLimits = {
  perSlot: 200,
  slotMs: 10_000,
  longestMs: 60 * 60_000,
  destinations: 1_000,
};

type Destination = { /** Retries by slot. */ readonly slots: Map<number, number>; putOff: boolean };

export function openSpacing({ now, limits = standardSpacing }: SpacingOptions): Spacing {
  const { perSlot, slotMs, longestMs } = limits;
  /** Slots a retry may be put off by. */
  const range = Math.floor(longestMs / slotMs);
  const destinations = new Map<string, Destination>();
  const slotOf = (ms: number) => Math.floor(ms / slotMs);
  let cleaned = slotOf(now());

  /** Slots that are over, and destinations without any; everything once the clock is set back by more than retries are put off. */
  const forget = (present: number) => {
    if (present === cleaned) return;
    if (present < cleaned - range) destinations.clear();
    cleaned = present;
    for (const [name, { slots }] of destinations) {
      for (const slot of slots.keys()) if (slot < present) slots.delete(slot);
      if (slots.size === 0) destinations.delete(name);
    }
  };

  /** Undefined: there is no place for it. */
  const follow = (name: string): Destination | undefined => {
    const followed = destinations.get(name);
    if (followed !== undefined) return followed;
    if (destinations.size >= limits.destinations) {
      const unneeded = firstUnneeded(destinations);
      if (unneeded === undefined) return undefined;
      destinations.delete(unneeded);
    }
    const destination = { slots: new Map<number, number>(), putOff: false };
    destinations.set(name, destination);
    return destination;
  };

  return {
    failed: (name, due) => {
      const present = slotOf(now());
      forget(present);
      const destination = follow(name);
      if (destination === undefined) return due;
      const { slots } = destination;
      const first = Math.max(slotOf(due), present); // what is overdue is made in this slot
      const slot = placeFor(slots, { first, last: first + range, perSlot });
      slots.set(slot, (slots.get(slot) ?? 0) + 1);
      if (slot > first) destination.putOff = true;
      return Math.max(due, slot * slotMs + (due % slotMs)); // each keeps its place within a slot, so that none come all at once
    },
    answered: (name) => {
      const putOff = destinations.get(name)?.putOff ?? false;
      if (putOff) destinations.delete(name);
      return putOff;
    },
  };
}

function firstUnneeded(destinations: ReadonlyMap<string, Destination>): string | undefined {
  for (const [name, { putOff }] of destinations) if (!putOff) return name;
  return undefined;
}

type Range = { readonly first: number; readonly last: number; readonly perSlot: number };

/** The first slot with room, else the emptiest. */
function placeFor(slots: ReadonlyMap<number, number>, { first, last, perSlot }: Range): number {
  let best = { slot: first, taken: Infinity };
  for (let slot = first; slot <= last; slot++) {
    const taken = slots.get(slot) ?? 0;
    if (taken < perSlot) return slot;
    if (taken < best.taken) best = { slot, taken };
  }
  return best.slot;
}
