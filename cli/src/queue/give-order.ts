// The way of every change that a person asks of the queue: count what it is about, show that, ask, do it, and wait until it is
// carried out. Knows neither orders nor dead letters: the change is the caller's.
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { done, failed, misused, type Call, type Flag, type Outcome, type Terminal } from '../command.ts';
import { withNats } from '../nats-access.ts';
import { document, formatOf, isForPrograms, outputFlag } from '../output.ts';
import { countsDocument, countsLine, countsTable, type Counts } from './counts.ts';

export const dryRunFlag: Flag = { name: 'dry-run', description: 'Count what it would be about, and change nothing.' };
export const yesFlag: Flag = { name: 'yes', short: 'y', description: 'Do not ask; scripts need it.' };
export const waitFlag: Flag = {
  name: 'wait',
  on: true,
  description: 'Wait until it is carried out; --wait=false returns at once.',
};
export const allFlag: Flag = {
  name: 'all',
  description: 'All mail of the fleet; needed where nothing else says which.',
};
export const changeFlags: readonly Flag[] = [dryRunFlag, yesFlag, outputFlag];

/** What is changed, seen before it is. */
export type Change = {
  readonly counts: Counts;
  /** `drop 12 entries`: what is asked, and what a dry run would do. */
  readonly deed: string;
  /** What whoever does it should know; may be empty. */
  readonly effect: string;
  /** Told instead of asking where there is nothing to do; absent: it makes sense for nothing, too. */
  readonly nothing?: string | undefined;
  /** For programs, beside the counts. */
  readonly about: object;
  /** Does it; resolves with what is said of it, or with what went wrong. */
  readonly carryOut: (say: (text: string) => void) => Promise<Carried>;
};
export type Carried =
  | { readonly ok: true; readonly words: string; readonly result: object }
  | { readonly ok: false; readonly problem: string; readonly result: object };

/** `prepare` looks and changes nothing; a text is why the change makes no sense. */
export async function change(
  { call, terminal }: { readonly call: Call; readonly terminal: Terminal },
  prepare: (nats: Nats) => Promise<Change | string>,
): Promise<Outcome> {
  const format = formatOf(call);
  const dryRun = call.isSet('dry-run');
  const say = isForPrograms(format) ? terminal.err : terminal.out;
  const report = (value: object) => {
    if (isForPrograms(format)) terminal.out(document(value, format));
  };
  if (!dryRun && !call.isSet('yes') && terminal.ask === undefined)
    return misused('there is nobody to ask: say --yes to do it, or --dry-run to see what it would be about');
  return withNats({ call, terminal, purpose: dryRun ? 'looking' : 'ordering' }, async (nats) => {
    const prepared = await prepare(nats);
    if (typeof prepared === 'string') return failed(prepared);
    const { counts, deed, effect, nothing, about } = prepared;
    const seen = { ...about, dryRun, concerns: countsDocument(counts) };
    if (counts.total === 0 && nothing !== undefined) {
      say(`${nothing}\n`);
      report(seen);
      return done;
    }
    say(counts.total === 0 ? '' : `${countsTable(counts)}\n`);
    say(`${countsLine(counts)}\n`);
    if (effect !== '') say(`${effect}\n`);
    if (dryRun) {
      say(`Dry run: this would ${deed}. Nothing was changed.\n`);
      report(seen);
      return done;
    }
    if (!(await agreed(deed, call, terminal))) return failed('nothing was changed');
    const carried = await prepared.carryOut(say);
    if (carried.ok) say(`${carried.words}\n`);
    report({ ...seen, ...carried.result });
    return carried.ok ? done : failed(carried.problem);
  });
}

async function agreed(deed: string, call: Call, { ask }: Terminal): Promise<boolean> {
  if (call.isSet('yes') || ask === undefined) return true; // without anybody to ask, --yes was said
  return /^y(es)?$/i.test((await ask(`${deed[0]?.toUpperCase()}${deed.slice(1)}? [y/N] `)).trim());
}
