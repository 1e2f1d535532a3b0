// How a command reaches the queue: the reader of a local fleet's nats-server, or a server named by flags with the reader's
// user and password in the environment. Opens and closes the connection around the work.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { connectNats, type Nats, type NatsSettings } from '@relayfleet/jetstream/connect.ts';
import type { Call, Flag, Terminal } from './command.ts';
import { readReadyFile } from './local/ready-file.ts';
import { stateFlag } from './source.ts';
import { defaultState, stateDirectory } from './state-directory.ts';

export const natsFlags: readonly Flag[] = [
  stateFlag,
  {
    name: 'nats-url',
    value: 'URL',
    description:
      'NATS of a fleet in a cluster, nats:// or tls://. User and password of its reader role come from RELAYFLEET_NATS_USERNAME and RELAYFLEET_NATS_PASSWORD.',
  },
  { name: 'nats-ca', value: 'FILE', description: "CA of that server's certificate, PEM." },
];

export async function withNats<T>(call: Call, terminal: Terminal, work: (nats: Nats) => Promise<T>): Promise<T> {
  const nats = await connectNats(settings(call, terminal));
  try {
    return await work(nats);
  } finally {
    await nats.close();
  }
}

function settings(call: Call, { cwd, env }: Terminal): NatsSettings {
  const url = call.text('nats-url');
  const ca = call.text('nats-ca');
  const as = { role: 'reader', name: 'relayfleet cli' } as const;
  if (url === undefined) {
    const state = stateDirectory(resolve(cwd, call.text('state') ?? defaultState));
    const ready = readReadyFile(state.readyFile);
    if (ready === undefined)
      throw new Error(
        `no local fleet runs with state ${state.root}: start one, name its state with --state DIR, or a server with --nats-url`,
      );
    return { url: ready.nats.url, ...ready.nats.reader, ...as };
  }
  const { RELAYFLEET_NATS_USERNAME: username, RELAYFLEET_NATS_PASSWORD: password } = env;
  if (username === undefined || password === undefined)
    throw new Error(
      '--nats-url needs the user and password of the reader role in RELAYFLEET_NATS_USERNAME and RELAYFLEET_NATS_PASSWORD',
    );
  return {
    url,
    username,
    password,
    ...(ca === undefined ? {} : { ca: readFileSync(resolve(cwd, ca), 'utf8') }),
    ...as,
  };
}
