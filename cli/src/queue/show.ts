// `relayfleet queue show ID`: the entries of one mail in full, addresses included. Changes nothing.
import { isMailId } from '@relayfleet/contract/mail-id.ts';
import { orderFor } from '@relayfleet/contract/order.ts';
import { listEntries, showEntry } from '@relayfleet/jetstream/inspect.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { done, failed, misused, type Command } from '../command.ts';
import { natsFlags, withNats } from '../nats-access.ts';
import { document, formatOf, isForPrograms, outputFlag } from '../output.ts';
import { entryText, type HeldEntry } from './entry-text.ts';

export const queueShowCommand: Command = {
  name: 'queue show',
  args: 'ID',
  summary: 'Show the queue entries of one mail: envelope, attempts, when it is due, what holds it.',
  description:
    'ID is what the server said when it took the mail: "queued as ID". Recipients are shown; mind who looks on.',
  flags: [outputFlag, ...natsFlags],
  examples: [
    { does: 'One mail', line: 'relayfleet queue show 01K8ZC6YB3V4WQ0N2M7T5RXH9E' },
    { does: 'The same for a program', line: 'relayfleet queue show 01K8ZC6YB3V4WQ0N2M7T5RXH9E -o yaml' },
  ],
  run: async (call, terminal) => {
    const [id, ...rest] = call.args;
    if (id === undefined || rest.length > 0) return misused('queue show takes one mail id');
    if (!isMailId(id)) return misused(`"${id}" is no mail id; it has 26 letters and digits`);
    const entries = await withNats({ call, terminal, purpose: 'looking' }, async (nats) => {
      const orders = await openOrderBook(nats).list();
      const shown: HeldEntry[] = [];
      for (const { subject } of await listEntries(nats, { id })) {
        const entry = await showEntry(nats, subject);
        if (entry === undefined) continue;
        const order = entry.content.ok && entry.state !== 'dead' ? orderFor(orders, entry.content.envelope) : undefined;
        shown.push(order === undefined ? entry : { ...entry, order });
      }
      return shown;
    });
    if (entries.length === 0)
      return failed(`${id} is not in the queue; "relayfleet trace ${id}" says what became of it`);
    const format = formatOf(call);
    terminal.out(
      isForPrograms(format)
        ? document({ items: entries }, format)
        : entries.map((entry) => entryText(entry, format === 'wide', Date.now())).join('\n'),
    );
    return done;
  },
};
