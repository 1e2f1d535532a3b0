// How a node tells the operator that a destination answers again whose retries it had put off. A word on the wire and no more: nothing
// is stored, and whoever misses it loses no mail, since what was put off falls due by itself.
import { notices } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';

/** A recipient domain or a route's name is never longer (RFC 1035 §2.3.4). */
const longest = 255;

/** Says nothing while NATS is away. */
export function tellAnswering({ nc, isConnected }: Nats, destination: string): void {
  if (isConnected()) nc.publish(notices.answering, destination);
}

/** Calls `listener` with each destination that is told; returns how to stop. */
export function watchAnswering({ nc }: Nats, listener: (destination: string) => void): () => void {
  const hear = (destination: string) => {
    if (destination.length > 0 && destination.length <= longest) listener(destination);
  };
  const subscription = nc.subscribe(notices.answering, {
    callback: (error, message) => {
      if (error === null) hear(message.string());
    },
  });
  return () => {
    if (!nc.isClosed()) subscription.unsubscribe();
  };
}
