// `relayfleet queue show`: the entries of one mail in full, addresses included, found by its id or by what else is known of it.
// Changes nothing.
import { orderFor } from '@relayfleet/contract/order.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { showEntry } from '@relayfleet/jetstream/inspect.ts';
import { listMail, stateOf, type MailListing } from '@relayfleet/jetstream/list-mail.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { isMailId } from '@relayfleet/contract/mail-id.ts';
import { done, failed, misused, type Call, type Command } from '../command.ts';
import { natsFlags, withNats } from '../nats-access.ts';
import { document, formatOf, isForPrograms, outputFlag } from '../output.ts';
import { entryText, type HeldEntry } from './entry-text.ts';
import { isEverything, readSelection, selectionFlags, statesFlag, type Selection } from './selection.ts';

export const queueShowCommand: Command = {
  name: 'queue show',
  args: '[ID]',
  summary: 'Show the queue entries of one mail: envelope, attempts, when it is due, what holds it.',
  description:
    'ID is what the server said when it took the mail: "queued as ID". Filters instead show the one mail that matches, or say how many do. Recipients are shown; mind who looks on.',
  flags: [...selectionFlags, statesFlag, outputFlag, ...natsFlags],
  examples: [
    { does: 'One mail', line: 'relayfleet queue show 01K8ZC6YB3V4WQ0N2M7T5RXH9E' },
    { does: 'The one that is held for a destination', line: 'relayfleet queue show --to example.com --state held' },
    { does: 'The same for a program', line: 'relayfleet queue show 01K8ZC6YB3V4WQ0N2M7T5RXH9E -o yaml' },
  ],
  run: async (call, terminal) => {
    const selection = readWanted(call, Date.now());
    if (typeof selection === 'string') return misused(selection);
    const { filter, states } = selection;
    const entries = await withNats({ call, terminal, purpose: 'looking' }, async (nats) => {
      const found = await listMail(nats, { ...filter, states });
      const mails = new Set(found.map(({ key }) => key.id)).size;
      return mails > 1 ? mails : await read(nats, found);
    });
    if (typeof entries === 'number')
      return failed(`${entries} mails match; "queue ls" with the same filters lists them, and a mail's ID shows it`);
    if (entries.length === 0) return failed(nothingWords(selection));
    const format = formatOf(call);
    terminal.out(
      isForPrograms(format)
        ? document({ items: entries }, format)
        : entries.map((entry) => entryText(entry, format === 'wide', Date.now())).join('\n'),
    );
    return done;
  },
};

/** A text is what is wrong with the call. */
function readWanted(call: Call, now: number): Selection | string {
  const selection = readSelection(call, now);
  if (typeof selection === 'string') return selection;
  const [id, ...rest] = call.args;
  if (rest.length > 0) return 'queue show takes one mail id';
  if (id === undefined)
    return isEverything(selection) && selection.states === undefined
      ? 'queue show takes a mail id, or filters that one mail matches'
      : selection;
  if (!isMailId(id)) return `"${id}" is no mail id; it has 26 letters and digits`;
  const { filter } = selection;
  if (filter.id !== undefined && filter.id !== id) return `${id} and --id ${filter.id} contradict each other`;
  return { ...selection, filter: { ...filter, id } };
}

async function read(nats: Nats, found: readonly MailListing[]): Promise<readonly HeldEntry[]> {
  const orders = await openOrderBook(nats).list();
  const shown: HeldEntry[] = [];
  for (const { subject } of found) {
    const entry = await showEntry(nats, subject);
    if (entry === undefined) continue; // moved on meanwhile
    const envelope = entry.content.ok ? entry.content.envelope : undefined;
    const order = envelope !== undefined && entry.state !== 'dead' ? orderFor(orders, envelope) : undefined;
    const state = stateOf({ state: entry.state, heldSince: envelope?.heldSince });
    shown.push({ ...entry, state, ...(order === undefined ? {} : { order }) });
  }
  return shown;
}

function nothingWords({ filter, states }: Selection): string {
  const { id, ...others } = filter;
  return id !== undefined && states === undefined && isEverything({ filter: others })
    ? `${id} is not in the queue; "relayfleet trace ${id}" says what became of it`
    : 'nothing in the queue matches';
}
