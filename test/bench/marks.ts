// What the benchmark must show, wherever it runs: ratios within one run and paces within one run, no absolute figure. A run that
// misses a mark fails.
import type { Figures } from './round.ts';

/** Mails/s of a durable, signing node with its nats-server beside the load, against the others on the same processor. */
const leastRatios = { 'Postfix + OpenDKIM': 4, Haraka: 2.5 } as const;
/** Of the pace of living mail, while 100,000 mails wait for a dead host. */
const mostLost = 0.05;

/** In words; empty where every contender that was measured is outrun far enough. */
export function missedRatios(results: ReadonlyMap<string, Pick<Figures, 'perSecond'>>): readonly string[] {
  const ours = results.get('relayfleet')?.perSecond ?? Number.NaN;
  return Object.entries(leastRatios).flatMap(([name, least]) => {
    const theirs = results.get(name)?.perSecond;
    if (theirs === undefined || ours / theirs >= least) return [];
    return [`${(ours / theirs).toFixed(2)} x ${name}, to be ${least} x at least`];
  });
}

export function missedPace(pace: { readonly before: number; readonly during: number }): readonly string[] {
  const lost = 1 - pace.during / pace.before;
  if (lost < mostLost) return [];
  return [`living mail lost ${(100 * lost).toFixed(1)} % of its pace to a backlog, to be under ${100 * mostLost} %`];
}
