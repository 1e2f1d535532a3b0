// Which entries an order is about, as far as their subjects tell, and finally by their envelopes. Pure.
// What an envelope says is used for the answer and kept nowhere. An entry that cannot be read is nobody's order: it is left alone.
import { decodeEntry } from '@relayfleet/contract/envelope.ts';
import { concerns, type Order } from '@relayfleet/contract/order.ts';
import { parseEntrySubject } from '@relayfleet/contract/subjects.ts';
import type { MailFilter } from '@relayfleet/jetstream/waiting-mail.ts';

/** An order that the operator carries out. A hold is the nodes' business, and lasts until somebody withdraws it. */
export type Task = Exclude<Order, { kind: 'hold' }>;

/** What can be asked of the server; everything else is decided by `mayConcern` and `concernsEntry`. */
export function narrowing({ filter: { platform, destination, id } }: Pick<Order, 'filter'>): MailFilter {
  return {
    ...(platform === undefined ? {} : { platform }),
    ...(destination === undefined ? {} : { destination }),
    ...(id === undefined ? {} : { id }),
  };
}

/** False: certainly not. Lane and domain stand in no subject of early builds; there the envelope decides. */
export function mayConcern({ filter }: Pick<Order, 'filter'>, subject: string): boolean {
  const key = parseEntrySubject(subject)?.key;
  if (key === undefined) return false;
  const { lane = filter.lane ?? 'bulk', domain = filter.domain ?? '' } = key;
  return concerns({ filter }, { ...key, lane, domain });
}

export function concernsEntry(task: Task, entry: Uint8Array): boolean {
  const read = decodeEntry(entry);
  return read.ok && concerns(task, read.value.envelope);
}
