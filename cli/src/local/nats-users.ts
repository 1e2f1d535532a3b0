// The users of the local nats-server, one per role, with random passwords kept in the state directory (mode 0600).
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { natsRoles } from '@relayfleet/contract/nats-roles.ts';
import type { NatsUsers } from '@relayfleet/jetstream/server-config.ts';

/** Reads the users, or makes them on the first start. */
export function ensureNatsUsers(file: string): NatsUsers {
  const known = readNatsUsers(file);
  if (known !== undefined) return known;
  const made = Object.fromEntries(
    natsRoles.map((role) => [role, { username: role, password: randomBytes(24).toString('base64url') }]),
  ) as NatsUsers;
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  return made;
}

/** Undefined where there are none yet, or the file is damaged. */
export function readNatsUsers(file: string): NatsUsers | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<NatsUsers>;
    return natsRoles.every((role) => value[role]?.username && value[role].password) ? (value as NatsUsers) : undefined;
  } catch {
    return undefined;
  }
}
