// Orders in words: what each kind does and does not do, the orders in force as a table and as notes below a listing. Pure.
import type { Order, OrderKind } from '@relayfleet/contract/order.ts';
import { ageWords, table } from '../table.ts';
import { filterWords } from './selection.ts';

/** What whoever gives such an order should know. */
export const orderEffects: Readonly<Record<OrderKind, string>> = {
  hold: 'Mail that matches stays unsent, also what comes later, until the hold is released. What a node is sending at this moment it finishes.',
  drop: 'Mail that matches is ended without another attempt. What a node is sending at this moment it finishes first: what is delivered by that is delivered.',
  retry: 'Mail that waits for its next attempt is tried now. What is held stays held.',
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

/** `drop and bounce` */
export function kindWords(order: Order): string {
  switch (order.kind) {
    case 'hold':
      return 'hold';
    case 'drop':
      return order.bounce ? 'drop and bounce' : 'drop';
    case 'retry':
      return order.held ? 'retry what was held' : 'retry';
  }
}

function reasonWords({ reason }: Order): string {
  return reason === '' ? '' : `: ${reason}`;
}
