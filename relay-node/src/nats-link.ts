// The node's one connection to NATS: waits for it as long as it takes, tells events and health how it stands, and refuses to go on
// with a server that cannot hold mail safely, also when it comes back as another version.
import { setTimeout as delay } from 'node:timers/promises';
import type { Bootstrap } from '@relayfleet/contract/bootstrap.ts';
import { checkServer } from '@relayfleet/jetstream/check-server.ts';
import { connectNats, type Nats } from '@relayfleet/jetstream/connect.ts';
import type { NodeEvents } from './events.ts';

export type LinkDeps = {
  readonly node: string;
  readonly settings: Bootstrap['nats'];
  readonly events: Pick<NodeEvents, 'natsConnection' | 'natsRefused'>;
  /** Called on every change. */
  readonly onAway: (away: boolean) => void;
  /** NATS will never do as it is: ends the process. */
  readonly abandon: (problem: string) => never;
};

const askAgainMs = 1_000;

/** Resolves once connected to a server that is fit. */
export async function linkToNats({ node, settings, events, onAway, abandon }: LinkDeps): Promise<Nats> {
  const { ca, ...access } = settings;
  const identity = { ...access, ...(ca === undefined ? {} : { ca }), role: 'node', name: node } as const;
  const nats = await connectNats(identity, { waitOnFirstConnect: true }).catch((error: Error) =>
    abandon(error.message),
  );
  const connected = async (server: string) => {
    onAway(false);
    events.natsConnection(true, server);
    const problem = await unfitness(nats);
    if (problem !== undefined) abandon(problem);
  };
  nats.onStatus((status) => {
    switch (status.kind) {
      case 'connected':
        return void connected(status.server);
      case 'disconnected':
        onAway(true);
        return events.natsConnection(false);
      case 'refused':
        return events.natsRefused(status.detail);
    }
  });
  void nats.closed.then((error) => error && abandon(`the connection to NATS ended: ${error.message}`));
  await connected(nats.nc.getServer());
  return nats;
}

/** Asks until the server answers; that it is away is known already. */
async function unfitness(nats: Nats): Promise<string | undefined> {
  for (;;) {
    try {
      const fitness = await checkServer(nats);
      return fitness.ok ? undefined : fitness.problem;
    } catch {
      await delay(askAgainMs);
    }
  }
}
