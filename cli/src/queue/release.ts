// `relayfleet queue release` and `queue orders`: which orders are in force, and taking them back. Mail that a hold kept is then
// brought forward by an order of its own, since each held entry is looked at only every few minutes.
import { concerns, type Order, type OrderFilter, type Orders } from '@relayfleet/contract/order.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { listMail, type MailListing } from '@relayfleet/jetstream/list-mail.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { done, misused, type Call, type Command, type Terminal } from '../command.ts';
import { kindWords } from '../held-words.ts';
import { natsFlags, withNats } from '../nats-access.ts';
import { document, formatOf, isForPrograms, outputFlag } from '../output.ts';
import { untilCarriedOut } from './await-order.ts';
import { tally } from './counts.ts';
import { allFlag, change, changeFlags, waitFlag, type Carried } from './give-order.ts';
import { newOrderName, waitingStates } from './place-order.ts';
import { orderDocument, ordersTable, unreadNotes } from './order-words.ts';
import { filterWords, isEverything, readSelection, scopeProblem, selectionFlags, toOrderFilter } from './selection.ts';

export const queueOrdersCommand: Command = {
  name: 'queue orders',
  summary: 'List the orders in force: what is held, and what is not carried out yet.',
  flags: [outputFlag, ...natsFlags],
  examples: [
    { does: 'What is held, why, and how much', line: 'relayfleet queue orders' },
    { does: 'For a program', line: 'relayfleet queue orders -o json' },
  ],
  run: async (call, terminal) => {
    if (call.args.length > 0) return misused(`queue orders takes no arguments, got "${call.args.join(' ')}"`);
    const format = formatOf(call);
    const { orders, unread } = await withNats({ call, terminal, purpose: 'looking' }, async (nats) => {
      const { standing, unread } = await openOrderBook(nats).read();
      const entries = standing.length === 0 ? [] : await waiting(nats);
      const concerned = (order: Order) => entries.filter((entry) => isAbout(order, entry)).length;
      return { unread, orders: standing.map((order) => ({ ...order, concerns: concerned(order) })) };
    });
    const listed = orders.length === 0 ? 'No order is in force.\n' : ordersTable(orders, Date.now());
    if (isForPrograms(format)) terminal.out(document({ items: orders.map(orderDocument), unread }, format));
    else terminal.out(`${listed}${unreadNotes(unread)}`);
    return done;
  },
};

export const queueReleaseCommand: Command = {
  name: 'queue release',
  args: '[NAME ...]',
  summary: 'Take holds back, and try what they held; or take back an order that is not carried out yet.',
  description:
    'NAME is an order as "queue ls" and "queue orders" show it. Filters instead release every hold that is about nothing else, but for orders that cannot be read here: these take their name. What another hold keeps stays held.',
  flags: [...selectionFlags, allFlag, waitFlag, ...changeFlags, ...natsFlags],
  lacks: {
    state:
      'holds are taken back whole, and what they held is brought forward: name them, what they are about, or --all',
  },
  examples: [
    { does: 'One hold', line: 'relayfleet queue release hold-9f3c1a07' },
    { does: 'Every hold on a platform', line: 'relayfleet queue release --platform shop/orders' },
    { does: 'Every hold there is, from a script', line: 'relayfleet queue release --all --yes' },
  ],
  run: async (call, terminal) => {
    const now = Date.now();
    const wanted = readWanted(call, now);
    if (typeof wanted === 'string') return misused(wanted);
    return change({ call, terminal }, async (nats) => {
      const orders = await openOrderBook(nats).read();
      const chosen = choose(orders, wanted);
      if (typeof chosen === 'string') return chosen;
      const entries = await waiting(nats);
      const concerned = entries.filter((entry) =>
        chosen.some(({ order }) => order !== undefined && isAbout(order, entry)),
      );
      return {
        counts: tally(concerned, now),
        deed: `take back ${chosen.map((one) => chosenWords(one, orders)).join(', ')}`,
        effect: '',
        about: { released: chosen.map(({ name, order }) => (order === undefined ? { name } : orderDocument(order))) },
        carryOut: (say) => release(chosen, { call, terminal, nats, say, now }),
      };
    });
  },
};

type Releasing = {
  readonly call: Call;
  readonly terminal: Terminal;
  readonly nats: Nats;
  readonly say: (text: string) => void;
  readonly now: number;
};

async function release(chosen: readonly Chosen[], { call, terminal, nats, say, now }: Releasing): Promise<Carried> {
  const book = openOrderBook(nats);
  const retries = chosen.flatMap(({ order }): Order[] =>
    order?.kind === 'hold'
      ? [
          {
            v: 1,
            kind: 'retry',
            name: newOrderName('retry'),
            held: true,
            filter: order.filter,
            reason: `${order.name} was released`,
            at: now,
          },
        ]
      : [],
  );
  for (const { name } of chosen) await book.withdraw(name);
  for (const retry of retries) await book.put(retry);
  const names = retries.map(({ name }) => name);
  const result = { retries: names };
  const words = `${chosen.map(({ name }) => name).join(', ')} ${chosen.length === 1 ? 'is' : 'are'} no longer in force.`;
  if (names.length === 0) return { ok: true, words, result: { ...result, state: 'released' } };
  const next = `${words} What was held is being brought forward`;
  if (!call.isSet('wait')) return { ok: true, words: `${next}.`, result: { ...result, state: 'released' } };
  say(`${next}; Ctrl-C stops the waiting only.\n`);
  const stop = terminal.interruption();
  const left = async () =>
    (await waiting(nats)).filter((entry) => retries.some((retry) => isAbout(retry, entry))).length;
  if ((await untilCarriedOut({ book, names, left, say, stop })) === 'done')
    return {
      ok: true,
      words: 'It was brought forward; nodes try it now.',
      result: { ...result, state: 'carried out' },
    };
  const problem = `no longer waiting: ${names.join(', ')} stay in force until what was held is brought forward`;
  return { ok: false, problem, result: { ...result, state: 'released' } };
}

type Wanted = { readonly names: readonly string[] } | { readonly within: OrderFilter };

function readWanted(call: Call, now: number): Wanted | string {
  const selection = readSelection(call, now);
  if (typeof selection === 'string') return selection;
  const names = [...new Set(call.args)];
  const scope = scopeProblem(selection, call.isSet('all'));
  if (names.length > 0) {
    const alone = Object.keys(selection.filter).length === 0 && !call.isSet('all');
    return alone ? { names } : 'names and filters contradict each other; give one of them';
  }
  if (scope !== undefined)
    return call.isSet('all') ? scope : 'name the orders to take back ("queue orders" lists them), filters, or --all';
  const within = toOrderFilter(selection);
  return typeof within === 'string' ? within : { within };
}

/** Without `order`: one that cannot be read here, and that nobody obeys. */
export type Chosen = { readonly name: string; readonly order?: Order };

/** A text is why there is nothing to release. What cannot be read may be somebody else's drop: filters pass it over. */
export function choose(orders: Orders, wanted: Wanted): readonly Chosen[] | string {
  const { standing, unread } = orders;
  const chosen = (order: Order): Chosen => ({ name: order.name, order });
  if ('names' in wanted) {
    const idle = unread.filter(({ holds }) => !holds).map(({ name }) => ({ name }));
    const known: readonly Chosen[] = [...standing.map(chosen), ...idle];
    const missing = wanted.names.filter((wantedName) => !known.some(({ name }) => name === wantedName));
    if (missing.length > 0) return `no order in force is called ${missing.join(', ')}; ${standingWords(orders)}`;
    return known.filter(({ name }) => wanted.names.includes(name));
  }
  const holds = standing.filter(
    (order) => order.kind === 'hold' && !isStandIn(order, orders) && isWithin(order.filter, wanted.within),
  );
  if (holds.length > 0) return holds.map(chosen);
  const which = isEverything({ filter: wanted.within }) ? 'in force' : `about ${filterWords(wanted.within)} alone`;
  return `no hold is ${which}; ${standingWords(orders)}`;
}

function standingWords(orders: Orders): string {
  const { standing } = orders;
  return standing.length === 0
    ? 'no order is in force'
    : `in force: ${standing.map((order) => inWords(order, orders)).join('; ')}`;
}

function chosenWords({ name, order }: Chosen, orders: Orders): string {
  return order === undefined ? `${name} (cannot be read here; nothing is done about it)` : inWords(order, orders);
}

function inWords(order: Order, orders: Orders): string {
  const { name, filter } = order;
  if (!isStandIn(order, orders)) return `${name} (${kindWords(order)}, ${filterWords(filter)})`;
  return `${name} (cannot be read here, may be a drop: ${filterWords(filter)} is held to be safe; taken back by its name alone)`;
}

function isStandIn({ name }: Order, { unread }: Orders): boolean {
  return unread.some((order) => order.name === name);
}

/** Whether `narrow` is about nothing that `wide` is not about. */
export function isWithin(narrow: OrderFilter, wide: OrderFilter): boolean {
  const { platform, acceptedBefore, ...texts } = wide;
  const names = Object.keys(texts) as (keyof typeof texts)[];
  return (
    names.every((name) => narrow[name] === wide[name]) &&
    (platform === undefined ||
      (narrow.platform?.namespace === platform.namespace && narrow.platform.name === platform.name)) &&
    (acceptedBefore === undefined || (narrow.acceptedBefore ?? Infinity) <= acceptedBefore)
  );
}

function waiting(nats: Nats): Promise<readonly MailListing[]> {
  return listMail(nats, { states: waitingStates });
}

/** As far as a subject tells: entries of early builds, whose subjects name neither lane nor domain, count for orders about these. */
function isAbout(order: Order, { key, heldSince }: MailListing): boolean {
  const { lane = 'transactional', domain = '' } = order.filter;
  const told = { ...key, lane: key.lane ?? lane, domain: key.domain ?? domain };
  return concerns(order, heldSince === undefined ? told : { ...told, heldSince });
}
