// Many marked mails over a few connections that are opened again whenever they break: an application under way while parts
// of the fleet die. Each mail is offered once; what was not accepted stays so, and the ledger says so.
import type { Fleet, SendOptions } from './fleet.ts';
import type { Session } from './submit.ts';
import { until } from './until.ts';

export type Load = {
  readonly mails: number;
  readonly connections: number;
  /** Nodes the connections are spread over; default 2. */
  readonly nodes?: number;
  readonly mail?: (sequence: number) => Pick<SendOptions, 'from' | 'to' | 'body'>;
  /** Pause of each connection between two mails. */
  readonly paceMs?: number;
};

/** Resolves when every mail was offered. */
export async function sendAll(fleet: Fleet, load: Load): Promise<void> {
  const { mails, connections, nodes = 2, mail = () => ({}), paceMs = 0 } = load;
  let next = 0;
  const work = async (connection: number): Promise<void> => {
    let session: Session | undefined;
    let node = connection % nodes;
    while (next < mails) {
      const sequence = next++;
      if (session?.isOpen() !== true) {
        session = await until('a node lets us in', async () => {
          node = (node + 1) % nodes; // as a client with several addresses for one name would
          return fleet.session(node + 1).catch(() => undefined);
        });
      }
      await fleet.send({ ...mail(sequence), session });
      if (paceMs > 0) await pause(paceMs);
    }
    session?.close();
  };
  await Promise.all(Array.from({ length: connections }, (_, connection) => work(connection)));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
