// Everything that is known of one mail, put together from the event stream, the queue, the body stream and the orders in force.
// Reads only. No address is in what it gives: recipients are their positions in the mail.
import type { Envelope, Lane } from '@relayfleet/contract/envelope.ts';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { noticeActions, noticeId, type NoticeAction } from '@relayfleet/contract/notice-id.ts';
import { orderFor, type Order } from '@relayfleet/contract/order.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { eventsOf, listEntries, showEntry, type EntryListing } from '@relayfleet/jetstream/inspect.ts';
import { stateOf, type MailState } from '@relayfleet/jetstream/list-mail.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { bodyChunks, withEvents } from '@relayfleet/jetstream/remains.ts';

export type Story = {
  readonly id: string;
  /** Oldest first. */
  readonly events: readonly MailEvent[];
  /** Where its entries are now. */
  readonly entries: readonly Standing[];
  readonly body: Body;
  /** What its sender was told, and what became of that. */
  readonly notices: readonly NoticeStory[];
  /** Those that ended something of it, as far as they are still in force. */
  readonly orders: readonly Order[];
};

export type NoticeStory = {
  readonly action: NoticeAction;
  readonly id: string;
  /** The attempt that gave rise to it, and of which entry. */
  readonly k: number;
  readonly attempt: number;
  readonly events: readonly MailEvent[];
  readonly entries: readonly Standing[];
};

export type Standing = {
  readonly state: MailState;
  readonly k: number;
  readonly destination: string;
  readonly lane?: Lane;
  /** Epoch milliseconds, as in events. */
  readonly due?: number;
  /** Attempts made. */
  readonly attempts?: number;
  /** Positions of those who still wait. */
  readonly recipients?: readonly number[];
  readonly heldSince?: number;
  /** How often it gave its slot to others, as its destination is slow. */
  readonly pushedBack?: number;
  /** The order that is about it now. */
  readonly order?: Order;
  readonly buriedBecause?: string;
};

export type Body =
  | { readonly kind: 'with the entry'; readonly size: number }
  | { readonly kind: 'stored'; readonly chunks: number }
  /** Overwritten and removed, or about to be: nobody needs it. */
  | { readonly kind: 'gone' };

/** Undefined: nothing is known. Rejects when NATS does not answer. */
export async function readStory(nats: Nats, id: string): Promise<Story | undefined> {
  const events = await eventsOf(nats, id);
  const orders = await openOrderBook(nats).list();
  const { standings, envelope } = await standingsOf(nats, id, orders);
  if (events.length === 0 && standings.length === 0) return undefined;
  const body = await bodyOf(nats, id, envelope);
  const notices = await noticesOf(nats, events, orders);
  const named = new Set([events, ...notices.map((notice) => notice.events)].flat().map(orderIn));
  return { id, events, entries: standings, body, notices, orders: orders.filter(({ name }) => named.has(name)) };
}

/** Name of the order that an attempt obeyed. */
export function orderIn(event: MailEvent): string | undefined {
  return event.type === 'attempted' ? event.order : undefined;
}

async function standingsOf(
  nats: Nats,
  id: string,
  orders: readonly Order[],
): Promise<{ readonly standings: readonly Standing[]; readonly envelope: Envelope | undefined }> {
  const standings: Standing[] = [];
  let envelope: Envelope | undefined;
  for (const listing of await listEntries(nats, { id })) {
    const shown = await showEntry(nats, listing.subject);
    if (shown === undefined) continue; // moved on meanwhile
    const found = shown.content.ok ? shown.content.envelope : undefined;
    envelope ??= found;
    const { buriedBecause } = shown;
    const detail =
      found === undefined ? {} : detailOf(found, listing.state === 'dead' ? undefined : orderFor(orders, found));
    const state = stateOf({ state: listing.state, heldSince: found?.heldSince });
    standings.push({ ...bare(listing), ...detail, state, ...(buriedBecause === undefined ? {} : { buriedBecause }) });
  }
  return { standings, envelope };
}

function bare({ state, key, dueAt }: EntryListing): Standing {
  const { k, destination } = key;
  return { state, k, destination, ...(dueAt === undefined ? {} : { due: dueAt }) };
}

function detailOf(
  { lane, due, attempt, recipients, heldSince, pushedBack }: Envelope,
  order: Order | undefined,
): Partial<Standing> {
  return {
    lane,
    due,
    attempts: attempt,
    recipients: recipients.map(({ n }) => n),
    ...(heldSince === undefined ? {} : { heldSince }),
    ...(pushedBack === undefined ? {} : { pushedBack }),
    ...(order === undefined ? {} : { order }),
  };
}

async function bodyOf(nats: Nats, id: string, envelope: Envelope | undefined): Promise<Body> {
  if (envelope?.body.kind === 'inline') return { kind: 'with the entry', size: envelope.body.size };
  const chunks = await bodyChunks(nats, id);
  return chunks > 0 ? { kind: 'stored', chunks } : { kind: 'gone' };
}

/** A notice's id follows from the attempt that gave rise to it; whether it was due, the event stream says. */
async function noticesOf(
  nats: Nats,
  events: readonly MailEvent[],
  orders: readonly Order[],
): Promise<readonly NoticeStory[]> {
  const possible = events.flatMap((event) => {
    if (event.type !== 'attempted') return [];
    const { k, attempt } = event;
    return noticeActions.map((action) => ({ action, k, attempt, id: noticeId(action, event) }));
  });
  const first = possible.filter(({ id }, index) => possible.findIndex((other) => other.id === id) === index);
  const known = await withEvents(
    nats,
    first.map(({ id }) => id),
  );
  const stories: NoticeStory[] = [];
  for (const notice of first.filter(({ id }) => known.has(id))) {
    const { standings } = await standingsOf(nats, notice.id, orders);
    stories.push({ ...notice, events: await eventsOf(nats, notice.id), entries: standings });
  }
  return stories;
}
