// Orders in words: what each kind does and does not do, the orders in force as a table and as notes below a listing. Pure.
import type { Order, OrderKind, UnreadOrder } from '@relayfleet/contract/order.ts';
import { kindWords } from '../held-words.ts';
import { ageWords, table } from '../table.ts';
import { filterWords } from './selection.ts';

/** What whoever gives such an order should know. */
export const orderEffects: Readonly<Record<OrderKind, string>> = {
  hold: 'Mail that matches stays unsent, also what comes later, until the hold is released. What a node is sending at this moment it finishes.',
  drop: 'Mail that matches is ended without another attempt. What a node is sending at this moment it finishes first: what is delivered by that is delivered.',
  retry: 'Mail that waits for its next attempt is tried now. What an order or a suspension holds stays held.',
};

/** One line an order in force, for those who look at what waits; empty without orders. */
export function orderNotes(orders: readonly Order[], now: number): string {
  if (orders.length === 0) return '';
  const lines = orders.map(
    (order) =>
      `  ${order.name}: ${kindWords(order)} (${filterWords(order.filter)}) since ${ageWords(now - order.at)}${reasonWords(order)}\n`,
  );
  return `Orders in force ("relayfleet queue release NAME" takes one back):\n${lines.join('')}`;
}

export function ordersTable(orders: readonly (Order & { readonly concerns: number })[], now: number): string {
  return table(
    ['NAME', 'ORDER', 'ABOUT', 'ENTRIES', 'AGE', 'REASON'],
    orders.map((order) => [
      order.name,
      kindWords(order),
      filterWords(order.filter),
      String(order.concerns),
      ageWords(now - order.at),
      order.reason === '' ? '-' : order.reason,
    ]),
  );
}

/** Below the table; empty where every order can be read. */
export function unreadNotes(unread: readonly UnreadOrder[]): string {
  if (unread.length === 0) return '';
  const lines = unread.map(({ name, problem, holds }) => {
    const done = holds ? 'what it may be about is held' : 'nothing is done about it';
    return `  ${name}: ${problem}; ${done}\n`;
  });
  return `Not understood here, written by a newer relayfleet or by hand:\n${lines.join('')}`;
}

/** For programs; times are RFC 3339, as in every listing. */
export function orderDocument({ at, filter, ...order }: Order): object {
  const { acceptedBefore, ...others } = filter;
  const before = acceptedBefore === undefined ? {} : { acceptedBefore: new Date(acceptedBefore).toISOString() };
  return { ...order, at: new Date(at).toISOString(), filter: { ...others, ...before } };
}

function reasonWords({ reason }: Order): string {
  return reason === '' ? '' : `: ${reason}`;
}
