// Which role the user of a connection has. NATS has no question for it; what a user may listen to says it, since every role hears
// the answers to its own questions only. Decides nothing.
import { inboxPrefix, type NatsRole } from '@relayfleet/contract/nats-roles.ts';
import type { Nats } from './connect.ts';

/** Whether the user may act as `role`. Rejects when NATS does not answer. */
export async function mayActAs({ nc }: Nats, role: NatsRole): Promise<boolean> {
  const subscription = nc.subscribe(`${inboxPrefix(role)}.role`, { callback: () => undefined });
  await nc.flush(); // a refusal is sent before the answer to this
  await Promise.resolve();
  if (subscription.isClosed()) return false;
  subscription.unsubscribe();
  return true;
}

/** Whether `error`, or what it came from, is NATS refusing a subject to this user. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'PermissionViolationError' || isRefusal(error.cause);
}
