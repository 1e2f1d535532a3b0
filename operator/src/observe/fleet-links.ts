// One link per fleet that a plan wants to be connected to; opened, re-opened when its account changes, closed when it goes.
// A fleet whose account cannot be read any more keeps the link it has.
import { isDeepStrictEqual } from 'node:util';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { NatsAccount, Plan } from '../plan.ts';
import type { FleetObservation } from '../world.ts';
import type { FleetLink, LinkConnection } from './fleet-link.ts';

export type FleetLinks = {
  want(plan: Pick<Plan, 'connections' | 'snapshots'>): void;
  observations(): ReadonlyMap<string, FleetObservation>;
  close(): Promise<void>;
};

type Open = { readonly link: FleetLink; readonly account: NatsAccount };

export function createFleetLinks(open: (connection: LinkConnection) => FleetLink): FleetLinks {
  const links = new Map<string, Open>();
  const closing = new Set<Promise<void>>();

  function close(key: string, { link }: Open): void {
    links.delete(key);
    const closed = link.close().finally(() => closing.delete(closed));
    closing.add(closed);
  }

  return {
    want({ connections, snapshots }) {
      const wanted = new Map<string, LinkConnection>();
      for (const connection of connections) {
        const key = refKey(connection.fleet);
        const account = connection.account ?? links.get(key)?.account;
        if (account) wanted.set(key, { ...connection, account });
      }
      for (const [key, held] of links) {
        const connection = wanted.get(key);
        if (!connection || !isDeepStrictEqual(connection.account, held.account)) close(key, held);
      }
      for (const [key, connection] of wanted) {
        const held = links.get(key) ?? { link: open(connection), account: connection.account };
        links.set(key, held);
        held.link.want(
          connection,
          snapshots.find(({ fleet }) => refKey(fleet) === key),
        );
      }
    },
    observations() {
      const seen = [...links].map(([key, { link }]) => [key, link.observation()] as const);
      return new Map(seen.filter((entry): entry is readonly [string, FleetObservation] => entry[1] !== undefined));
    },
    async close() {
      for (const [key, held] of links) close(key, held);
      await Promise.all(closing);
    },
  };
}
