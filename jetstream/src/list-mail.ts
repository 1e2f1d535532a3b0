// Waiting mail by the state people ask for: where an entry lies, and whether somebody holds it, which its envelope alone says. So
// what was deferred is read, many envelopes at a time: 20,000 take about a second. For people and tools; decides nothing.
import { decodeEntry } from '@relayfleet/contract/envelope.ts';
import { streams } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { inTurns } from './in-turns.ts';
import { listEntries, type EntryFilter, type EntryListing, type EntryState } from './inspect.ts';
import { readMany } from './read.ts';

/** held: put back unsent when it was looked at last, as an order or a suspension wants it; it is looked at again in minutes. */
export const mailStates = ['ready', 'retry', 'deferred', 'held', 'dead'] as const;
export type MailState = (typeof mailStates)[number];

export type MailListing = Omit<EntryListing, 'state'> & { readonly state: MailState; readonly heldSince?: number };
export type MailSelection = Omit<EntryFilter, 'states'> & {
  /** Default: all. */
  readonly states?: readonly MailState[] | undefined;
};

/** What a node has looked at and put back lies where deferred mail does, due again or not. */
const mayBeHeld: readonly EntryState[] = ['retry', 'deferred'];
/** An answer ends at 64 MB, and an entry may name many recipients. */
const entriesAnAnswer = 200;
const answersAtOnce = 4;

export function stateOf({ state, heldSince }: { state: EntryState; heldSince?: number | undefined }): MailState {
  return heldSince !== undefined && mayBeHeld.includes(state) ? 'held' : state;
}

/** Entries matching the filter, oldest mail first. Rejects when NATS does not answer. */
export async function listMail(
  nats: Nats,
  { states = mailStates, ...filter }: MailSelection,
): Promise<readonly MailListing[]> {
  const looked = states.flatMap((state) => (state === 'held' ? mayBeHeld : [state]));
  const entries = await listEntries(nats, { ...filter, states: looked });
  const held = await heldAmong(nats, entries);
  return entries
    .map((entry): MailListing => {
      const heldSince = held.get(entry.subject);
      return heldSince === undefined ? entry : { ...entry, heldSince, state: stateOf({ ...entry, heldSince }) };
    })
    .filter(({ state }) => states.includes(state));
}

/** Since when, by subject. An entry that moved on meanwhile is in no answer, and counts as not held. */
async function heldAmong(nats: Nats, entries: readonly EntryListing[]): Promise<ReadonlyMap<string, number>> {
  const subjects = entries.filter(({ state }) => mayBeHeld.includes(state)).map(({ subject }) => subject);
  const pages = Array.from({ length: Math.ceil(subjects.length / entriesAnAnswer) }, (_, page) =>
    subjects.slice(page * entriesAnAnswer, (page + 1) * entriesAnAnswer),
  );
  const since = new Map<string, number>();
  await inTurns(pages, answersAtOnce, async (page) => {
    for (const { subject, data } of await readMany(nats, streams.deferred, { multi_last: page })) {
      const entry = decodeEntry(data);
      const heldSince = entry.ok ? entry.value.envelope.heldSince : undefined;
      if (heldSince !== undefined) since.set(subject, heldSince);
    }
  });
  return since;
}
