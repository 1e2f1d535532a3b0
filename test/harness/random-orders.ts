// What people do to a fleet's mail in a random run: hold it and release it, have it tried now, drop it, suspend a platform or the
// domain and resume. Orders go into their bucket as `relayfleet queue` puts them there, suspensions into the manifests. Everything is
// drawn; at the end nothing is held any more and every order was carried out.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Order, OrderFilter } from '@relayfleet/contract/order.ts';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { openOrderBook, type OrderBook } from '@relayfleet/jetstream/orders.ts';
import type { Draw } from './draw.ts';
import type { Drop } from './final-states.ts';
import type { Fleet } from './fleet.ts';
import { usual } from './manifests.ts';
import { doomedPlatform, platforms } from './random-mail.ts';
import { untilCondition } from './statuses.ts';
import { until } from './until.ts';

export type RandomOrders = {
  /** How often each was done. */
  readonly done: ReadonlyMap<string, number>;
  /** Those that may have come into force: a server that is killed answers nobody. */
  readonly drops: readonly Drop[];
  /** Takes back every hold and suspension and has everything tried that waits; resolves when no order is in force any more. */
  end(): Promise<void>;
  /** Gives no more orders and leaves what is in force, for a run that failed. */
  leave(): Promise<void>;
};

export type RandomOrdersOptions = {
  readonly draw: Draw;
  readonly fleet: Pick<Fleet, 'ready' | 'directory'>;
  /** As orders name them. */
  readonly destinations: readonly string[];
  /** Writes the manifests with these platforms, or the domain, suspended. */
  readonly suspend: (names: ReadonlySet<string>) => void;
};

/** How often one against the other. */
const plan = [
  [4, 'hold'],
  [3, 'retry'],
  [2, 'drop'],
  [2, 'suspend'],
] as const;
/** The domain stands for all mail: seldom. */
const suspendable = [...platforms.map((name) => [3, name] as const), [1, usual.domain] as const];
const betweenMs = { shortest: 500, longest: 8_000 };
/** What is held for long comes back as a crowd, and the surplus of a crowd waits for minutes. */
const lastingMs = { shortest: 500, longest: 6_000 };
const carriedOutMs = 120_000;

export async function startRandomOrders(options: RandomOrdersOptions): Promise<RandomOrders> {
  const { draw, fleet } = options;
  const { url, keeper } = fleet.ready().nats;
  const nats = await connectNats({ url, ...keeper, role: 'keeper', name: 'test' });
  const book = openOrderBook(nats);
  const done = new Map<string, number>();
  const drops: Drop[] = [];
  const over = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => undefined);
  const count = (what: string) => void done.set(what, (done.get(what) ?? 0) + 1);
  const act = actions({ ...options, book, drops, count, pause });

  const lasting: Promise<void>[] = [];
  const run = async () => {
    for (;;) {
      await pause(draw.scaled(betweenMs.shortest, betweenMs.longest));
      if (over.signal.aborted) return;
      lasting.push(act[draw.among(plan)]());
    }
  };
  const running = run();
  const end = async () => {
    over.abort();
    await running;
    await Promise.all(lasting);
    for (const name of platforms)
      await untilCondition(fleet, { kind: 'SenderPlatform', name }, { type: 'Ready', status: 'True' }, carriedOutMs);
    await untilNoneIsLeft(book); // nor does a node hold anything on the word of an older one
    await insist(() => book.put(retry({}, false))); // else surplus of slow receivers waits for minutes
    await untilNoneIsLeft(book);
  };
  const leave = () => {
    over.abort();
    return nats.close();
  };
  return { done, drops, end, leave };
}

type Acting = Pick<RandomOrdersOptions, 'draw' | 'destinations' | 'suspend'> & {
  readonly book: OrderBook;
  readonly drops: Drop[];
  readonly count: (what: string) => void;
  readonly pause: (ms: number) => Promise<unknown>;
};

/** Each resolves when nothing of it lasts. All is drawn before the first wait, so that a seed draws the same again. */
function actions({ draw, destinations, suspend, book, drops, count, pause }: Acting) {
  const suspended = new Set<string>();
  const lasts = () => draw.scaled(lastingMs.shortest, lastingMs.longest);
  const put = (order: Order, what: string) =>
    book.put(order).then(
      () => count(what),
      () => undefined, // and may be in force all the same
    );
  const which = (): OrderFilter =>
    draw.among<OrderFilter>([
      [3, { platform: { namespace: usual.namespace, name: draw.pick(platforms) } }],
      [3, { destination: draw.pick(destinations) }],
      [1, {}],
    ]);
  return {
    hold: async () => {
      const [filter, forMs] = [which(), lasts()];
      const hold = common('hold', filter);
      await put(hold, 'held and released');
      await pause(forMs);
      await insist(() => book.withdraw(hold.name));
      await insist(() => book.put(retry(filter, true)));
    },
    retry: () => put(retry(which(), draw.chance(0.2)), 'tried at once'),
    drop: () => {
      const bounce = draw.chance(0.4);
      const platform = { namespace: usual.namespace, name: doomedPlatform };
      const given = common('drop', { platform });
      const filter = { platform, acceptedBefore: given.at }; // as the command has it
      drops.push({ platform: doomedPlatform, at: given.at, bounce });
      return put({ ...given, filter, bounce }, bounce ? 'dropped with word to senders' : 'dropped');
    },
    suspend: async () => {
      const [name, forMs] = [draw.among(suspendable), lasts()];
      if (suspended.has(name)) return;
      suspend(suspended.add(name));
      count('suspended and resumed');
      await pause(forMs);
      suspended.delete(name);
      suspend(suspended);
    },
  } as const satisfies Record<(typeof plan)[number][1], () => Promise<void>>;
}

function common<Kind extends Order['kind']>(kind: Kind, filter: OrderFilter) {
  const name = `${kind}-${randomBytes(4).toString('hex')}`;
  return { v: 1, kind, name, filter, reason: 'drawn', at: Date.now() } as const;
}

function retry(filter: OrderFilter, held: boolean): Order {
  return { ...common('retry', filter), held };
}

/** Whatever is killed meanwhile. */
async function insist(step: () => Promise<void>): Promise<void> {
  await until(
    'an order is written',
    () =>
      step().then(
        () => true,
        () => false,
      ),
    { withinMs: carriedOutMs },
  );
}

async function untilNoneIsLeft(book: OrderBook): Promise<void> {
  let left: readonly string[] = [];
  await until(
    () => `every order is carried out; in force: ${left.join(', ')}`,
    async () => {
      left = await book.list().then(
        (orders) => orders.map(({ name }) => name),
        (error: Error) => [error.message],
      );
      return left.length === 0;
    },
    { withinMs: carriedOutMs, everyMs: 250 },
  );
}
