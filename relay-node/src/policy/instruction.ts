// What is to be done with an entry, by those who may say: its owners suspended it, or a person gave an order about it.
// Dropping goes before holding. Whatever is held is kept, not sent. Refuses to know when it is looked at again.
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import { orderFor, type Order } from '@relayfleet/contract/order.ts';
import { domainPolicyOf, platformOf, type Snapshot } from '@relayfleet/contract/snapshot.ts';

export const holdReasons = ['suspended', 'order'] as const;
export type HoldReason = (typeof holdReasons)[number];

export type Instruction =
  | { readonly kind: 'send' }
  | { readonly kind: 'hold'; readonly reason: HoldReason }
  /** `bounce`: its sender is told. `order`: its name. */
  | { readonly kind: 'drop'; readonly bounce: boolean; readonly order: string };

/** A platform or domain that is gone holds nothing. */
export function instruct(snapshot: Snapshot, orders: readonly Order[], entry: Envelope): Instruction {
  const order = orders.length === 0 ? undefined : orderFor(orders, entry);
  if (order?.kind === 'drop') return { kind: 'drop', bounce: order.bounce, order: order.name };
  if (order?.kind === 'hold') return { kind: 'hold', reason: 'order' };
  const holders = [snapshot.fleet, domainPolicyOf(snapshot, entry), platformOf(snapshot, entry.platform)];
  const suspended = holders.some((holder) => holder !== undefined && holder.suspended !== null);
  return suspended ? { kind: 'hold', reason: 'suspended' } : { kind: 'send' };
}
