// A fleet link's connection, made of jetstream/'s parts. The only file of the operator that knows both.
import { watchAcknowledgements } from '@relayfleet/jetstream/acknowledgements.ts';
import { watchAnswering } from '@relayfleet/jetstream/answering.ts';
import { checkServer } from '@relayfleet/jetstream/check-server.ts';
import { openConfigPublisher, openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { countEntries } from '@relayfleet/jetstream/count-entries.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { openOrderBook, watchOrders } from '@relayfleet/jetstream/orders.ts';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { openWaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import type { NatsAccount } from '../plan.ts';
import type { SweptMail } from '../sweep/sweeper.ts';
import type { Connection } from './fleet-link.ts';

/** Rejects when no server answers. */
export async function openConnection(account: NatsAccount): Promise<Connection & { readonly mail: SweptMail }> {
  const nats = await connectNats({ ...account, role: 'operator', name: 'relayfleet-operator' });
  const publisher = openConfigPublisher(nats);
  const reader = openConfigReader(nats);
  const orders = openOrderBook(nats);
  const ends: (() => void)[] = [];
  return {
    mail: {
      bodies: openStoredBodies(nats),
      waiting: openWaitingMail(nats),
      orders: { watch: (listener) => watchOrders(nats, listener), put: orders.put, withdraw: orders.withdraw },
      onAnswering: (listener) => watchAnswering(nats, listener),
    },
    bucket: { ...publisher, getShard: (key) => reader.getShard(key) },
    queue: { count: (filter) => countEntries(nats, filter), orders: orders.list, putOrder: orders.put },
    async prepare(sizing) {
      const fitness = await checkServer(nats);
      return fitness.ok ? ensureStreams(nats, sizing) : fitness;
    },
    onAcknowledgements: (listener) => void ends.push(watchAcknowledgements(nats, listener)),
    onState(listener) {
      ends.push(
        nats.onStatus((status) => {
          if (status.kind === 'connected') listener('connected');
          if (status.kind === 'disconnected') listener('lost');
        }),
      );
      void nats.closed.then(() => listener('ended'));
    },
    async close() {
      for (const end of ends) end();
      await nats.close();
    },
  };
}
