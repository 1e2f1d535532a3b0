// `relayfleet queue hold|retry|drop`: an order about what waits. Nodes and operator carry it out; this counts, asks, puts it into the
// fleet's bucket and waits. What each order means is contract/src/order.ts's word.
import { randomBytes } from 'node:crypto';
import type { Order, OrderFilter } from '@relayfleet/contract/order.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { listEntries, type EntryState } from '@relayfleet/jetstream/inspect.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { misused, type Call, type Command, type Flag, type Outcome, type Terminal } from '../command.ts';
import { natsFlags } from '../nats-access.ts';
import { untilCarriedOut } from './await-order.ts';
import { countEntries, type Counts } from './counts.ts';
import { allFlag, change, changeFlags, waitFlag, type Carried, type Change } from './give-order.ts';
import { eraseDeadLetters } from './erase.ts';
import { orderEffects } from './order-words.ts';
import { filterWords, readSelection, scopeProblem, selectionFlags, toOrderFilter } from './selection.ts';

const reasonFlag: Flag = { name: 'reason', value: 'TEXT', description: 'Why, for others who look; no addresses.' };

export const queueHoldCommand: Command = {
  name: 'queue hold',
  summary: 'Keep mail unsent until it is released, what waits and what comes later.',
  description: `${orderEffects.hold}\nNodes still take mail. With --older-than it is about mail that is there already.`,
  flags: [...selectionFlags, allFlag, reasonFlag, ...changeFlags, ...natsFlags],
  examples: [
    { does: 'See what it would be about', line: 'relayfleet queue hold --to example.com --dry-run' },
    { does: 'Hold all mail of a platform', line: 'relayfleet queue hold --platform shop/orders --reason under-attack' },
    { does: 'Hold everything, from a script', line: 'relayfleet queue hold --all --yes -o json' },
  ],
  run: (call, terminal) =>
    order(call, terminal, {
      states: ['ready', 'retry', 'deferred'],
      deed: (counts) => `hold ${entriesOf(counts)} and what comes later`,
      orderOf: (common) => ({ ...common, kind: 'hold' }),
    }),
};

export const queueRetryCommand: Command = {
  name: 'queue retry',
  summary: 'Try mail now that waits for its next attempt.',
  description: `${orderEffects.retry}\nDead letters are not tried again: their senders were told that they failed.`,
  flags: [
    ...selectionFlags,
    {
      name: 'state',
      value: 'STATE',
      choices: ['deferred', 'dead'],
      description: 'What waits is deferred.',
      otherwise: 'deferred',
    },
    allFlag,
    reasonFlag,
    waitFlag,
    ...changeFlags,
    ...natsFlags,
  ],
  examples: [
    { does: 'A destination is back', line: 'relayfleet queue retry --to example.com' },
    { does: 'One mail', line: 'relayfleet queue retry --id 01K8ZC6YB3V4WQ0N2M7T5RXH9E --yes' },
    { does: 'Everything, without waiting for it', line: 'relayfleet queue retry --all --yes --wait=false' },
  ],
  run: async (call, terminal) => {
    if (call.text('state') === 'dead')
      return misused(
        'dead letters are not tried again: each has its final state, and its sender was told that it failed. Have it sent anew; "queue drop --state dead" erases the evidence',
      );
    return order(call, terminal, {
      states: ['deferred'],
      deed: (counts) => `try ${entriesOf(counts)} now`,
      nothing: 'Nothing waits for its time that matches.',
      orderOf: (common) => ({ ...common, kind: 'retry', held: false }),
      carriedOut: 'They were brought forward; nodes try them now.',
    });
  },
};

export const queueDropCommand: Command = {
  name: 'queue drop',
  summary: 'End mail without another attempt, or erase dead letters.',
  description: `${orderEffects.drop}\nMail that is accepted after the call is not meant. Every recipient's final state is recorded as "dropped", with --bounce as "bounced". "--state dead" erases what lies among the dead letters: it is evidence only, each has had its final state.`,
  flags: [
    ...selectionFlags,
    {
      name: 'state',
      value: 'STATE',
      choices: ['dead'],
      description: 'Erase dead letters instead of dropping what waits.',
    },
    { name: 'bounce', description: 'Tell the senders, as of any mail that fails.' },
    allFlag,
    reasonFlag,
    waitFlag,
    ...changeFlags,
    ...natsFlags,
  ],
  examples: [
    { does: 'See what it would be about', line: 'relayfleet queue drop --platform shop/orders --dry-run' },
    { does: 'Drop it, and tell the senders', line: 'relayfleet queue drop --platform shop/orders --bounce' },
    { does: 'Erase dead letters older than a week', line: 'relayfleet queue drop --state dead --older-than 7d --yes' },
  ],
  run: async (call, terminal) => {
    const bounce = call.isSet('bounce');
    if (call.text('state') === 'dead')
      return bounce
        ? misused('senders of dead letters were told already: leave --bounce out')
        : eraseDeadLetters(call, terminal);
    return order(call, terminal, {
      states: ['ready', 'retry', 'deferred'],
      deed: (counts) => `drop ${entriesOf(counts)}${bounce ? ' and tell their senders' : ' and tell nobody'}`,
      nothing: 'Nothing waits that matches.',
      orderOf: ({ filter, ...common }) => {
        const acceptedBefore = Math.min(common.at, filter.acceptedBefore ?? common.at); // what was counted, and no later mail
        return { ...common, filter: { ...filter, acceptedBefore }, kind: 'drop', bounce };
      },
      carriedOut: 'Nothing is left of it.',
    });
  },
};

type Common = Pick<Order, 'v' | 'name' | 'filter' | 'reason' | 'at'>;

type Kind = {
  /** Entries it is about. */
  readonly states: readonly EntryState[];
  readonly deed: (counts: Counts) => string;
  readonly nothing?: string;
  readonly orderOf: (common: Common) => Order;
  /** Said when it was carried out; absent: it stays in force. */
  readonly carriedOut?: string;
};

async function order(call: Call, terminal: Terminal, kind: Kind): Promise<Outcome> {
  const at = Date.now();
  const asked = readOrder(call, at);
  if (typeof asked === 'string') return misused(asked);
  const made = kind.orderOf({ v: 1, name: 'unnamed', at, ...asked });
  const given: Order = { ...made, name: newOrderName(made.kind) };
  return change({ call, terminal }, async (nats): Promise<Change> => {
    const { states } = kind;
    const counts = countEntries(await listEntries(nats, { ...given.filter, states }), at);
    return {
      counts,
      deed: `${kind.deed(counts)} (${filterWords(asked.filter)})`,
      effect: orderEffects[given.kind],
      nothing: kind.nothing,
      about: { order: given },
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
  const left = async () => (await listEntries(nats, { ...filter, states: kind.states })).length;
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

function entriesOf({ total }: Counts): string {
  return total === 1 ? '1 entry' : `${total} entries`;
}
