// `relayfleet queue ls` and `relayfleet queue show`: what waits, and one entry in full. Changes nothing.
import { isMailId, mailIdTime } from '@relayfleet/contract/mail-id.ts';
import { parseRefKey, refKey } from '@relayfleet/contract/object-ref.ts';
import {
  entryStates,
  listEntries,
  showEntry,
  type EntryFilter,
  type EntryListing,
  type EntryState,
  type ShownEntry,
} from '@relayfleet/jetstream/inspect.ts';
import { done, failed, misused, type Call, type Command } from '../command.ts';
import { natsFlags, withNats } from '../nats-access.ts';
import { ageWords, table } from '../table.ts';
import { entryText } from './entry-text.ts';

export const queueListCommand: Command = {
  name: 'queue ls',
  summary: 'List the mail that waits: ready, due again, deferred, dead.',
  flags: [
    { name: 'only', value: 'STATE', choices: entryStates, description: 'Only entries in this state.' },
    { name: 'platform', value: 'NAMESPACE/NAME', description: 'Only mail of this platform.' },
    { name: 'destination', value: 'DOMAIN', description: 'Only mail to this destination.' },
    { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], description: 'For programs.' },
    ...natsFlags,
  ],
  examples: [
    { does: 'Everything that waits', line: 'relayfleet queue ls' },
    {
      does: 'What is deferred for one destination',
      line: 'relayfleet queue ls --only deferred --destination example.com',
    },
    { does: "One platform's mail, for a program", line: 'relayfleet queue ls --platform shop/orders -o json' },
  ],
  run: async (call, terminal) => {
    if (call.args.length > 0) return misused(`queue ls takes no arguments, got "${call.args.join(' ')}"`);
    const filter = readFilter(call);
    if (typeof filter === 'string') return misused(filter);
    const entries = await withNats(call, terminal, (nats) => listEntries(nats, filter));
    terminal.out(
      call.text('output') === 'json' ? `${JSON.stringify(entries, null, 2)}\n` : listText(entries, Date.now()),
    );
    return done;
  },
};

export const queueShowCommand: Command = {
  name: 'queue show',
  args: 'ID',
  summary: 'Show the queue entries of one mail: envelope, attempts, when it is due.',
  description:
    'ID is what the server said when it took the mail: "queued as ID". Recipients are shown; mind who looks on.',
  flags: [
    { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], description: 'For programs.' },
    ...natsFlags,
  ],
  examples: [{ does: 'One mail', line: 'relayfleet queue show 01K8ZC6YB3V4WQ0N2M7T5RXH9E' }],
  run: async (call, terminal) => {
    const [id, ...rest] = call.args;
    if (id === undefined || rest.length > 0) return misused('queue show takes one mail id');
    if (!isMailId(id)) return misused(`"${id}" is no mail id; it has 26 letters and digits`);
    const entries = await withNats(call, terminal, async (nats) => {
      const listed = await listEntries(nats, { id });
      const shown = await Promise.all(listed.map(({ subject }) => showEntry(nats, subject)));
      return shown.filter((entry): entry is ShownEntry => entry !== undefined);
    });
    if (entries.length === 0)
      return failed(`${id} is not in the queue; "relayfleet trace ${id}" says what became of it`);
    terminal.out(
      call.text('output') === 'json'
        ? `${JSON.stringify(entries, null, 2)}\n`
        : entries.map((entry) => entryText(entry, Date.now())).join('\n'),
    );
    return done;
  },
};

/** A text is what is wrong. */
function readFilter(call: Call): EntryFilter | string {
  const platformText = call.text('platform');
  const platform = platformText === undefined ? undefined : parseRefKey(platformText);
  if (platformText !== undefined && platform === undefined)
    return `--platform takes NAMESPACE/NAME, not "${platformText}"`;
  const only = call.text('only');
  const destination = call.text('destination');
  return {
    ...(only === undefined ? {} : { states: [only as EntryState] }),
    ...(platform === undefined ? {} : { platform }),
    ...(destination === undefined ? {} : { destination: destination.toLowerCase() }),
  };
}

/** A listing knows the minute only. */
function dueWords(dueAt: number | undefined, now: number): string {
  if (dueAt === undefined) return 'now';
  return `within ${ageWords(dueAt + 60_000 - now)}`;
}

function listText(entries: readonly EntryListing[], now: number): string {
  if (entries.length === 0) return 'Nothing waits.\n';
  return table(
    ['ID', 'STATE', 'DESTINATION', 'PLATFORM', 'DUE', 'AGE'],
    entries.map(({ state, key, dueAt }) => [
      key.id,
      state,
      key.destination,
      refKey(key.platform),
      dueWords(dueAt, now),
      ageWords(now - mailIdTime(key.id)),
    ]),
  );
}
