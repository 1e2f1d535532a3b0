// What people tell a fleet's queue: hold this mail, drop that, try these now. Orders lie in a bucket until they are carried out or
// withdrawn. Nodes hold and drop what they take; the operator brings waiting mail forward. Whoever gives an order moves nothing.
// Refuses to know how an order travels.
import { z } from 'zod';
import { lanes, type Envelope } from './envelope.ts';
import { mailIdTime } from './mail-id.ts';
import { objectRefSchema } from './object-ref.ts';
import { parseJsonWith, type Parsed } from './parse.ts';

/** On an entry that was brought forward before its time: the name of the order, or `overdue`. Such an entry is tried at once. */
export const wokenHeader = 'Relayfleet-Woken';

const filterSchema = z.object({
  platform: objectRefSchema.optional(),
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
  z.object({ ...common, kind: z.literal('hold') }),
  /** End what matches without another attempt. `bounce`: its senders are told. The operator withdraws it when nothing is left. */
  z.object({ ...common, kind: z.literal('drop'), bounce: z.boolean() }),
  /** Try what waits now. `held`: only what was held. The operator withdraws it when everything was brought forward. */
  z.object({ ...common, kind: z.literal('retry'), held: z.boolean() }),
]);
export type Order = Readonly<z.infer<typeof orderSchema>>;
export type OrderKind = Order['kind'];

/** What an order asks of an entry. */
export type OrderedEntry = Pick<Envelope, 'platform' | 'domain' | 'destination' | 'lane' | 'id'> &
  Partial<Pick<Envelope, 'kind'>>;

export function encodeOrder(order: Order): Uint8Array {
  return Buffer.from(JSON.stringify(order));
}

export function decodeOrder(bytes: Uint8Array): Parsed<Order> {
  return parseJsonWith(orderSchema, Buffer.from(bytes).toString());
}

/** Whether the entry has everything that the order's filter names. An order whose senders are told spares what tells them. */
export function concerns(order: Pick<Order, 'filter'> & { readonly bounce?: boolean }, entry: OrderedEntry): boolean {
  if (order.bounce === true && entry.kind === 'dsn') return false;
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
