// Giving an order: counts what it is about, asks, puts it into the fleet's bucket, and waits until it is carried out where that is wanted.
// Refuses to know which orders there are; what each means is contract/src/order.ts's word.
import { randomBytes } from 'node:crypto';
import type { Order, OrderFilter } from '@relayfleet/contract/order.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { listMail, type MailState } from '@relayfleet/jetstream/list-mail.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { misused, type Call, type Outcome, type Terminal } from '../command.ts';
import { untilCarriedOut } from './await-order.ts';
import { tally, type Counts } from './counts.ts';
import { change, type Carried, type Change } from './give-order.ts';
import { orderDocument, orderEffects } from './order-words.ts';
import { filterWords, readSelection, scopeProblem, toOrderFilter } from './selection.ts';

/** Of all that is not at its end. */
export const waitingStates: readonly MailState[] = ['ready', 'retry', 'deferred', 'held'];

export type Common = Pick<Order, 'v' | 'name' | 'filter' | 'reason' | 'at'>;

export type Kind = {
  /** Entries it is about. */
  readonly states: readonly MailState[];
  readonly deed: (counts: Counts) => string;
  readonly nothing?: string;
  readonly orderOf: (common: Common) => Order;
  /** Said when it was carried out; absent: it stays in force. */
  readonly carriedOut?: string;
};

export async function placeOrder(call: Call, terminal: Terminal, kind: Kind): Promise<Outcome> {
  const at = Date.now();
  const asked = readOrder(call, at);
  if (typeof asked === 'string') return misused(asked);
  const made = kind.orderOf({ v: 1, name: 'unnamed', at, ...asked });
  const given: Order = { ...made, name: newOrderName(made.kind) };
  return change({ call, terminal }, async (nats): Promise<Change> => {
    const { states } = kind;
    const counts = tally(await listMail(nats, { ...given.filter, states }), at);
    return {
      counts,
      deed: `${kind.deed(counts)} (${filterWords(asked.filter)})`,
      effect: orderEffects[given.kind],
      nothing: kind.nothing,
      about: { order: orderDocument(given) },
      carryOut: (say) => give(given, { call, terminal, nats, kind, say }),
    };
  });
}

type Giving = {
  readonly call: Call;
  readonly terminal: Terminal;
  readonly nats: Nats;
  readonly kind: Kind;
  readonly say: (text: string) => void;
};

async function give(given: Order, { call, terminal, nats, kind, say }: Giving): Promise<Carried> {
  const book = openOrderBook(nats);
  await book.put(given);
  const { name, filter } = given;
  const takeBack = `"relayfleet queue release ${name}" takes it back`;
  if (kind.carriedOut === undefined)
    return { ok: true, words: `${name} is in force; ${takeBack}.`, result: { state: 'in force' } };
  if (!call.isSet('wait'))
    return {
      ok: true,
      words: `${name} is in force until it is carried out; ${takeBack}.`,
      result: { state: 'in force' },
    };
  say(`${name} is in force; waiting until it is carried out. Ctrl-C stops the waiting only.\n`);
  const stop = terminal.interruption();
  const left = async () => (await listMail(nats, { ...filter, states: kind.states })).length;
  if ((await untilCarriedOut({ book, names: [name], left, say, stop })) === 'done')
    return { ok: true, words: kind.carriedOut, result: { state: 'carried out' } };
  const problem = `no longer waiting: ${name} stays in force until it is carried out; ${takeBack}`;
  return { ok: false, problem, result: { state: 'in force' } };
}

/** `hold-9f3c1a52`: unique enough among the few that are in force at one time, short enough to type. */
export function newOrderName(kind: Order['kind']): string {
  return `${kind}-${randomBytes(4).toString('hex')}`;
}

type Asked = { readonly filter: OrderFilter; readonly reason: string };

function readOrder(call: Call, now: number): Asked | string {
  if (call.args.length > 0) return `an order takes no arguments, got "${call.args.join(' ')}"; name a mail with --id`;
  const selection = readSelection(call, now);
  if (typeof selection === 'string') return selection;
  const scope = scopeProblem(selection, call.isSet('all'));
  if (scope !== undefined) return scope;
  const filter = toOrderFilter(selection);
  if (typeof filter === 'string') return filter;
  const reason = call.text('reason') ?? '';
  if (reason.includes('@') || reason.length > 256) return '--reason takes at most 256 characters, and no addresses';
  return { filter, reason };
}

/** `12 entries` */
export function entriesOf({ total }: Counts): string {
  return total === 1 ? '1 entry' : `${total} entries`;
}
