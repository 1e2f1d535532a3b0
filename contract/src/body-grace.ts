// How long a stored body may lie without an entry, and until when its entry must have been committed: two sides of one promise, kept by
// different programs. A body is stored before the entry that refers to it, and no commit can span the two streams, so time decides
// whether one will still come. Refuses to know who commits and who sweeps.

/** Nothing was added to it for so long, by the sweeper's clock: nobody will commit it, and it goes. */
export const orphanAfterMs = 15 * 60_000;

/**
 * From the first byte that was stored of it, by every clock of the node: later than that it is not committed, as the body may be gone
 * when the entry is stored. DATA and the commit take ten and a half minutes at most; what is left is for clocks of different speed.
 */
export const commitWithinMs = 12 * 60_000;
