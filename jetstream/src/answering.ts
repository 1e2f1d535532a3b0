// How a node tells the operator that a destination answers again for which retries had been put off. A word on the wire and no more:
// nothing is stored, and whoever misses it loses no mail, since what was put off falls due by itself.
import { notices } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';

/** Which waiting mail is meant: of that sender domain, for that recipient domain or route. */
export type Answering = { readonly domain: string; readonly destination: string };

/** Says nothing while NATS is away. */
export function tellAnswering({ nc, isConnected }: Nats, { domain, destination }: Answering): void {
  if (isConnected()) nc.publish(notices.answering, `${domain} ${destination}`);
}

/** Calls `listener` with what is told; returns how to stop. */
export function watchAnswering({ nc }: Nats, listener: (waiting: Answering) => void): () => void {
  const subscription = nc.subscribe(notices.answering, {
    callback: (error, message) => {
      const waiting = error === null ? parse(message.string()) : undefined;
      if (waiting !== undefined) listener(waiting);
    },
  });
  return () => {
    if (!nc.isClosed()) subscription.unsubscribe();
  };
}

/** RFC 1035 §2.3.4: no domain is longer, and a route's name is not either. */
const longest = 255;

function parse(text: string): Answering | undefined {
  const [domain, destination, ...rest] = text.split(' ');
  if (!domain || !destination || rest.length > 0) return undefined;
  return domain.length <= longest && destination.length <= longest ? { domain, destination } : undefined;
}
