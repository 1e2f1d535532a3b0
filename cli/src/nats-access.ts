// How a command reaches the queue: with a user of a local fleet's nats-server, or at a server named by flags with a user and password
// from the environment. Looking takes the reader role, orders take the keeper's. Opens and closes the connection around the work.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { connectNats, type Nats, type NatsSettings } from '@relayfleet/jetstream/connect.ts';
import { isRefusal, mayActAs } from '@relayfleet/jetstream/held-role.ts';
import type { Call, Flag, Terminal } from './command.ts';
import { readReadyFile } from './local/ready-file.ts';
import { stateFlag } from './source.ts';
import { defaultState, stateDirectory } from './state-directory.ts';

export const natsServerFlags: readonly Flag[] = [
  {
    name: 'nats-url',
    value: 'URL',
    description:
      'NATS of a fleet in a cluster, nats:// or tls://. User and password come from RELAYFLEET_NATS_USERNAME and RELAYFLEET_NATS_PASSWORD: of its reader role for looking, of its keeper role for orders.',
  },
  { name: 'nats-ca', value: 'FILE', description: "CA of that server's certificate, PEM." },
];
export const natsFlags: readonly Flag[] = [stateFlag, ...natsServerFlags];

/** `looking`: any user of the CLI's will do. `ordering`: only one who may give orders. */
export type Purpose = 'looking' | 'ordering';

/** Rejects, in words for whoever called, when the server is away or the user may not do that. */
export async function withNats<T>(
  { call, terminal, purpose }: { readonly call: Call; readonly terminal: Terminal; readonly purpose: Purpose },
  work: (nats: Nats) => Promise<T>,
): Promise<T> {
  const nats = await open(access(call, terminal), purpose);
  try {
    return await work(nats);
  } catch (error) {
    throw isRefusal(error)
      ? new Error('NATS does not let this user do that: give it the keeper role', { cause: error })
      : error;
  } finally {
    await nats.close();
  }
}

type Access = Omit<NatsSettings, 'username' | 'password' | 'role' | 'name'> & {
  readonly user: (role: 'reader' | 'keeper') => { readonly username: string; readonly password: string };
};

/** Users of a server elsewhere are not told apart by their names: which answers they may hear says what they are. */
async function open({ user, ...server }: Access, purpose: Purpose): Promise<Nats> {
  const roles = purpose === 'looking' ? (['reader', 'keeper'] as const) : (['keeper'] as const);
  for (const role of roles) {
    const nats = await connectNats({ ...server, ...user(role), role, name: 'relayfleet cli' });
    if (await mayActAs(nats, role)) return nats;
    await nats.close();
  }
  const { username } = user(roles[0]);
  throw new Error(
    purpose === 'ordering'
      ? `user ${username} may give no orders: they take the keeper role. A reader may look: queue ls, show, orders, and trace`
      : `user ${username} may not look into the queue: that takes the ${roles.join(' or ')} role`,
  );
}

function access(call: Call, { cwd, env }: Terminal): Access {
  const url = call.text('nats-url');
  const ca = call.text('nats-ca');
  if (url === undefined) {
    const state = stateDirectory(resolve(cwd, call.text('state-dir') ?? defaultState));
    const ready = readReadyFile(state.readyFile);
    if (ready === undefined)
      throw new Error(
        `no local fleet runs with state ${state.root}: start one, name its state with --state-dir DIR, or a server with --nats-url`,
      );
    return { url: ready.nats.url, user: (role) => ready.nats[role] };
  }
  const { RELAYFLEET_NATS_USERNAME: username, RELAYFLEET_NATS_PASSWORD: password } = env;
  if (username === undefined || password === undefined)
    throw new Error(
      '--nats-url needs user and password in RELAYFLEET_NATS_USERNAME and RELAYFLEET_NATS_PASSWORD: of the reader role for looking, of the keeper role for orders',
    );
  return {
    url,
    user: () => ({ username, password }),
    ...(ca === undefined ? {} : { ca: readFileSync(resolve(cwd, ca), 'utf8') }),
  };
}
