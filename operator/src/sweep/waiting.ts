// Which bodies may be swept, and which are only being watched. Pure: listings, facts and times in, ids out.
// A body goes when its mail has no entry anywhere, and either the mail is known to have been committed (it is finished) or nothing
// was added to it for longer than a transaction can take (it is an orphan: no commit will come). What is not known keeps it.
import { orphanAfterMs } from '@relayfleet/contract/body-grace.ts';

/** Bodies without an entry, as seen pass by pass: since when (monotonic milliseconds), and how much was stored then. */
export type Waiting = ReadonlyMap<string, { readonly since: number; readonly stored: number }>;

export type Judgement = 'keep' | 'finished' | 'orphan';

/** Longer than any one answer of the cluster may lag; with it a body is absent from two passes before anything is removed. */
export const finishedAfterMs = 30_000;

/** `listed` must have been read before `withEntries`: a mail committed in between is then in the second and kept. */
export function watch(
  before: Waiting,
  listed: ReadonlyMap<string, number>,
  withEntries: ReadonlySet<string>,
  now: number,
): Waiting {
  const waiting = new Map<string, { since: number; stored: number }>();
  for (const [id, stored] of listed) {
    if (withEntries.has(id)) continue;
    const seen = before.get(id);
    waiting.set(id, seen?.stored === stored ? seen : { since: now, stored });
  }
  return waiting;
}

/** The ids to look at now, longest waiting first, at most `most`. */
export function worthALook(waiting: Waiting, now: number, most: number): readonly string[] {
  return [...waiting]
    .filter(([, { since }]) => now - since >= finishedAfterMs)
    .sort(([, a], [, b]) => a.since - b.since)
    .slice(0, most)
    .map(([id]) => id);
}

export function judge(
  { hasEntry, committed }: { readonly hasEntry: boolean; readonly committed: boolean },
  waitedMs: number,
): Judgement {
  if (hasEntry || waitedMs < finishedAfterMs) return 'keep';
  if (committed) return 'finished';
  return waitedMs >= orphanAfterMs ? 'orphan' : 'keep';
}
