// What people tell a fleet's queue: hold this mail, drop that, try these now. Orders lie in a bucket until they are carried out or
// withdrawn. Nodes hold and drop what they take; the operator brings waiting mail forward. Whoever gives an order moves nothing.
// Read strictly: a word that is not understood may be the one that matters. Refuses to know how an order travels.
import { z } from 'zod';
import { lanes, type Envelope } from './envelope.ts';
import { mailIdTime } from './mail-id.ts';
import { objectRefSchema } from './object-ref.ts';
import { parseJsonWith, type Parsed } from './parse.ts';

/** On an entry that was brought forward before its time: the name of the order, or `overdue`. Such an entry is tried at once. */
export const wokenHeader = 'Relayfleet-Woken';

const filterSchema = z.strictObject({
  platform: objectRefSchema.strict().optional(),
  /** Of the From header. */
  domain: z.string().optional(),
  destination: z.string().optional(),
  lane: z.enum(lanes).optional(),
  /** One mail, all its entries. */
  id: z.string().length(26).optional(),
  /** Mail accepted before that moment, by the clock of the node that took it. */
  acceptedBefore: z.number().int().optional(),
});
/** Which entries an order is about: those that have everything that is given. Nothing given is all mail of the fleet. */
export type OrderFilter = Readonly<z.infer<typeof filterSchema>>;

const common = {
  v: z.literal(1),
  /** Key in the bucket: letters, digits, `-`. */
  name: z.string().regex(/^[a-zA-Z0-9-]{1,64}$/),
  filter: filterSchema,
  /** For people; no addresses. */
  reason: z.string().max(256),
  at: z.number().int(),
};

const orderSchema = z.discriminatedUnion('kind', [
  /** Keep, unsent, whatever matches; also mail that comes later, unless the filter says before when. Until withdrawn. */
  z.strictObject({ ...common, kind: z.literal('hold') }),
  /**
   * End what matches without another attempt. `bounce`: its senders are told. `held`: only what was held when it was looked at last.
   * The operator withdraws it when nothing is left.
   */
  z.strictObject({ ...common, kind: z.literal('drop'), bounce: z.boolean(), held: z.boolean().optional() }),
  /** Try what waits now. `held`: only what was held. The operator withdraws it when everything was brought forward. */
  z.strictObject({ ...common, kind: z.literal('retry'), held: z.boolean() }),
]);
export type Order = Readonly<z.infer<typeof orderSchema>>;
export type OrderKind = Order['kind'];

/** What an order asks of an entry. */
export type OrderedEntry = Pick<Envelope, 'platform' | 'domain' | 'destination' | 'lane' | 'id'> &
  Partial<Pick<Envelope, 'kind' | 'heldSince'>>;

export function encodeOrder(order: Order): Uint8Array {
  return Buffer.from(JSON.stringify(order));
}

export function decodeOrder(bytes: Uint8Array): Parsed<Order> {
  return parseJsonWith(orderSchema, Buffer.from(bytes).toString());
}

/** All that a bucket holds. */
export type Orders = { readonly standing: readonly Order[]; readonly unread: readonly UnreadOrder[] };

/** An order nobody here can read, written by a newer program or a hand. */
export type UnreadOrder = {
  readonly name: string;
  readonly problem: string;
  /** Whether mail is held for it; else nothing is known of what it asks. */
  readonly holds: boolean;
};

/**
 * What is obeyed in place of an order that cannot be read: where it says that mail is to be held or dropped, whatever fits the part of
 * its filter that can be read is held. That may be more than was meant; what is held can still be sent, and what was sent cannot be held.
 */
export function standInFor(
  bytes: Uint8Array,
  { name, at, problem }: Omit<UnreadOrder, 'holds'> & { at: number },
): Order | undefined {
  const read = parseJsonWith(unreadSchema, Buffer.from(bytes).toString());
  if (!read.ok) return undefined;
  const reason = `to be safe: an order to ${read.value.kind} that cannot be read here (${problem})`.slice(0, 256);
  return { v: 1, kind: 'hold', name, filter: understoodPart(read.value.filter), reason, at };
}

const unreadSchema = z.object({ kind: z.enum(['hold', 'drop']), filter: z.unknown().optional() });

function understoodPart(filter: unknown): OrderFilter {
  const given = typeof filter === 'object' && filter !== null ? Object.entries(filter) : [];
  const parts = given.map(([key, value]) => filterSchema.safeParse({ [key]: value }));
  return Object.assign({}, ...parts.flatMap((part) => (part.success ? [part.data] : []))) as OrderFilter;
}

type Asking = Pick<Order, 'filter'> & { readonly bounce?: boolean; readonly held?: boolean | undefined };

/**
 * Whether the entry has everything that the order's filter names, and is held where only held mail is meant. An order whose senders
 * are told spares what tells them.
 */
export function concerns(order: Asking, entry: OrderedEntry): boolean {
  if (order.bounce === true && entry.kind === 'dsn') return false;
  if (order.held === true && entry.heldSince === undefined) return false;
  const { filter } = order;
  const { platform, domain, destination, lane, id, acceptedBefore } = filter;
  return (
    (platform === undefined ||
      (platform.namespace === entry.platform.namespace && platform.name === entry.platform.name)) &&
    (domain === undefined || domain === entry.domain) &&
    (destination === undefined || destination === entry.destination) &&
    (lane === undefined || lane === entry.lane) &&
    (id === undefined || id === entry.id) &&
    (acceptedBefore === undefined || mailIdTime(entry.id) < acceptedBefore)
  );
}

/** The order that decides about an entry: dropping before holding, the older one of two alike. */
export function orderFor(orders: readonly Order[], entry: OrderedEntry): Exclude<Order, { kind: 'retry' }> | undefined {
  for (const kind of ['drop', 'hold'] as const) {
    const [first] = orders
      .filter((order): order is Exclude<Order, { kind: 'retry' }> => order.kind === kind && concerns(order, entry))
      .sort((a, b) => a.at - b.at);
    if (first !== undefined) return first;
  }
  return undefined;
}
