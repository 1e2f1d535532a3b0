// `relayfleet queue ls`: what waits, as rows or as counts by destination and age, and which orders keep it. Changes nothing.
import type { Order } from '@relayfleet/contract/order.ts';
import { listMail, type MailListing } from '@relayfleet/jetstream/list-mail.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { done, misused, type Call, type Command } from '../command.ts';
import { natsFlags, withNats } from '../nats-access.ts';
import { document, formatOf, isForPrograms, outputFlag, type Format } from '../output.ts';
import { agesTable, tally, countsLine, groupDocument, groupEntries, groupings, type Grouping } from './counts.ts';
import { orderDocument, orderNotes } from './order-words.ts';
import { mostDetails, rowDocument, rowsTable, withDetails, type Row } from './rows.ts';
import { readSelection, selectionFlags, statesFlag } from './selection.ts';

const usualLimit = 500;

export const queueListCommand: Command = {
  name: 'queue ls',
  summary: 'List the mail that waits: ready, due again, deferred, held, dead.',
  description: `One line an entry: a mail for several destinations has several. The oldest mail comes first. What is held was kept unsent when it was looked at last, by an order or a suspension; it is looked at again within minutes. "-o wide" and the formats for programs also read the entries themselves, ${mostDetails} at most.`,
  flags: [
    ...selectionFlags,
    statesFlag,
    { name: 'summary', description: 'Count by destination and age instead, the largest first.' },
    {
      name: 'by',
      value: 'WHAT',
      choices: groupings,
      description: 'With --summary: count by this.',
      otherwise: 'destination',
    },
    {
      name: 'limit',
      value: 'N',
      whole: { least: 0 },
      description: 'List no more than that; 0 lists all.',
      otherwise: String(usualLimit),
    },
    outputFlag,
    ...natsFlags,
  ],
  examples: [
    { does: 'Everything that waits', line: 'relayfleet queue ls' },
    { does: 'Which destinations have most waiting, and since when', line: 'relayfleet queue ls --summary' },
    {
      does: 'What is deferred for one destination, and why',
      line: 'relayfleet queue ls --state deferred --to example.com -o wide',
    },
    {
      does: "One platform's mail older than two hours, for a program",
      line: 'relayfleet queue ls --platform shop/orders --older-than 2h -o json',
    },
  ],
  run: async (call, terminal) => {
    const now = Date.now();
    const limit = call.whole('limit') ?? usualLimit;
    const selection = readSelection(call, now);
    if (call.args.length > 0) return misused(`queue ls takes no arguments, got "${call.args.join(' ')}"`);
    if (typeof selection === 'string') return misused(selection);
    if (call.text('by') !== undefined && !call.isSet('summary')) return misused('--by goes with --summary');
    const format = formatOf(call);
    const listing = await withNats({ call, terminal, purpose: 'looking' }, async (nats): Promise<Listing> => {
      const { filter, states } = selection;
      const [entries, orders] = [await listMail(nats, { ...filter, states }), await openOrderBook(nats).list()];
      const shown = limit === 0 ? entries : entries.slice(0, limit);
      const needsDetails = format !== 'table' && !call.isSet('summary');
      return { entries, orders, rows: needsDetails ? await withDetails(nats, shown, orders) : shown };
    });
    terminal.out(call.isSet('summary') ? summaryText(listing, call, now) : listText(listing, format, now));
    return done;
  },
};

type Listing = {
  readonly entries: readonly MailListing[];
  /** Those that are shown. */
  readonly rows: readonly Row[];
  readonly orders: readonly Order[];
};

function listText({ entries, rows, orders }: Listing, format: Format, now: number): string {
  const counts = tally(entries, now);
  if (isForPrograms(format))
    return document(
      { items: rows.map(rowDocument), total: counts.total, states: counts.states, orders: orders.map(orderDocument) },
      format,
    );
  const missing = entries.length - rows.length;
  const wide = format === 'wide';
  return [
    entries.length === 0 ? 'Nothing waits.\n' : `${rowsTable(rows, wide, now)}\n${countsLine(counts)}\n`,
    missing === 0 ? '' : `${missing} more are not shown; --limit 0 shows all, --summary counts them.\n`,
    wide && rows.length > mostDetails ? `Details of the first ${mostDetails} were read.\n` : '',
    orderNotes(orders, now),
  ].join('');
}

function summaryText({ entries, orders }: Listing, call: Call, now: number): string {
  const format = formatOf(call);
  const by = (call.text('by') ?? 'destination') as Grouping;
  const groups = groupEntries(entries, by, now);
  const { total, states } = tally(entries, now);
  if (isForPrograms(format))
    return document(
      { by, groups: groups.map(groupDocument), total, states, orders: orders.map(orderDocument) },
      format,
    );
  return entries.length === 0
    ? `Nothing waits.\n${orderNotes(orders, now)}`
    : `${agesTable(groups, by)}\n${countsLine({ total, states })}\n${orderNotes(orders, now)}`;
}
