// `relayfleet queue release` and `queue orders`: which orders are in force, and taking them back. Mail that a hold kept is then
// brought forward by an order of its own, since each held entry is looked at only every few minutes.
import { concerns, type Order, type OrderFilter } from '@relayfleet/contract/order.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { listEntries, type EntryListing } from '@relayfleet/jetstream/inspect.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { done, misused, type Call, type Command, type Terminal } from '../command.ts';
import { kindWords } from '../held-words.ts';
import { natsFlags, withNats } from '../nats-access.ts';
import { document, formatOf, isForPrograms, outputFlag } from '../output.ts';
import { untilCarriedOut } from './await-order.ts';
import { tally } from './counts.ts';
import { allFlag, change, changeFlags, waitFlag, type Carried } from './give-order.ts';
import { newOrderName } from './place-order.ts';
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
    'NAME is an order as "queue ls" and "queue orders" show it. Filters instead release every hold that is about nothing else. What another hold keeps stays held.',
  flags: [...selectionFlags, allFlag, waitFlag, ...changeFlags, ...natsFlags],
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
      const standing = await openOrderBook(nats).list();
      const chosen = choose(standing, wanted);
      if (typeof chosen === 'string') return chosen;
      const entries = await waiting(nats);
      const concerned = entries.filter((entry) => chosen.some((order) => isAbout(order, entry)));
      return {
        counts: tally(concerned, now),
        deed: `take back ${chosen.map((order) => `${order.name} (${kindWords(order)}, ${filterWords(order.filter)})`).join(', ')}`,
        effect: '',
        about: { released: chosen.map(orderDocument) },
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

async function release(chosen: readonly Order[], { call, terminal, nats, say, now }: Releasing): Promise<Carried> {
  const book = openOrderBook(nats);
  const retries = chosen.flatMap((order): Order[] =>
    order.kind === 'hold'
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

/** A text is why there is nothing to release. */
export function choose(standing: readonly Order[], wanted: Wanted): readonly Order[] | string {
  if ('names' in wanted) {
    const missing = wanted.names.filter((name) => !standing.some((order) => order.name === name));
    if (missing.length > 0) return `no order in force is called ${missing.join(', ')}; ${standingWords(standing)}`;
    return standing.filter(({ name }) => wanted.names.includes(name));
  }
  const holds = standing.filter(({ kind, filter }) => kind === 'hold' && isWithin(filter, wanted.within));
  if (holds.length > 0) return holds;
  const which = isEverything({ filter: wanted.within }) ? 'in force' : `about ${filterWords(wanted.within)} alone`;
  return `no hold is ${which}; ${standingWords(standing)}`;
}

function standingWords(standing: readonly Order[]): string {
  return standing.length === 0
    ? 'no order is in force'
    : `in force: ${standing.map((order) => `${order.name} (${kindWords(order)} ${filterWords(order.filter)})`).join('; ')}`;
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

function waiting(nats: Nats): Promise<readonly EntryListing[]> {
  return listEntries(nats, { states: ['ready', 'retry', 'deferred'] });
}

/** As far as a subject tells: entries of early builds, whose subjects name neither lane nor domain, count for orders about these. */
function isAbout(order: Order, { key }: EntryListing): boolean {
  const { lane, domain } = order.filter;
  return concerns(order, { ...key, lane: key.lane ?? lane ?? 'transactional', domain: key.domain ?? domain ?? '' });
}
