// What keeps an entry unsent, in words, wherever one is shown: for how long, and by whose order. Pure.
// Says no more than is known: whether something is suspended, only nodes know.
import type { Order } from '@relayfleet/contract/order.ts';
import { ageWords } from './table.ts';

/**
 * `for 10m`; undefined: nothing held it when it was looked at last. Without an order about it, its owners suspended it, or the hold that
 * kept it is released: which, the next look finds out.
 */
export function heldWords(since: number | undefined, order: Order | undefined, now: number): string | undefined {
  if (since === undefined) return undefined;
  const whose =
    order === undefined
      ? ', until it is looked at again: its domain, platform or fleet was suspended, or a hold was released since'
      : '';
  return `for ${ageWords(now - since)}${whose}`;
}

/** `hold-9f3c1a52 (hold, given 12m ago: key stolen)` */
export function orderWords(order: Order, now: number): string {
  const { name, at, reason } = order;
  return `${name} (${kindWords(order)}, given ${ageWords(now - at)} ago${reason === '' ? '' : `: ${reason}`})`;
}

/** `drop and bounce`, `drop what is held` */
export function kindWords(order: Order): string {
  switch (order.kind) {
    case 'hold':
      return 'hold';
    case 'drop':
      return `drop${order.held === true ? ' what is held' : ''}${order.bounce ? ' and bounce' : ''}`;
    case 'retry':
      return order.held ? 'retry what was held' : 'retry';
  }
}
