// Everything before the first process starts: directories, users, ports, the nats-server's configuration, the manifests
// added to the user's. Starting again finds all of it and changes nothing.
import {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { natsServerConfig, type NatsUsers } from '@relayfleet/jetstream/server-config.ts';
import type { StateDirectory } from '../state-directory.ts';
import { defaultFleet, findFleet, type FleetManifest } from './fleet-manifest.ts';
import { generatedManifests } from './generated-manifests.ts';
import { ensureNatsUsers } from './nats-users.ts';
import type { LocalOptions } from './options.ts';
import { certificateMount, host, natsServerName, type NodePorts, type Setup } from './parts.ts';
import { makeRoom } from './state-room.ts';
import { createPortChooser, type PortChooser } from './supervise/ports.ts';

export type Prepared = {
  readonly setup: Setup;
  readonly users: NatsUsers;
  /** Ports that were taken, and what is used instead. */
  readonly evasions: readonly string[];
};

/** Directories there, old logs out of the way. A text says why that cannot be. */
export function prepareState(state: StateDirectory): string | undefined {
  const problem = makeRoom(state);
  if (problem === undefined) for (const name of readdirSync(state.logs)) setAside(join(state.logs, name));
  return problem;
}

/** Logs are appended to from run to run; one that has grown large makes room for a new one. */
function setAside(log: string): void {
  if (log.endsWith('.log') && statSync(log).size > largestLogBytes) renameSync(log, `${log}.1`);
}

const largestLogBytes = 16 * 1024 * 1024;

export async function prepare(options: LocalOptions, home: string, natsServer: string): Promise<Prepared | string> {
  const { state } = options;
  if (!existsSync(options.manifests))
    return `there is no directory ${options.manifests}; name one with manifests with --dir DIR`;
  if (options.readyFile !== undefined && !existsSync(dirname(options.readyFile)))
    return `there is no directory ${dirname(options.readyFile)} for the ready file; make it, or name another with --ready-file FILE`;
  const found = findFleet(options.manifests);
  if (found.kind === 'problem') return found.problem;
  const fleet = found.kind === 'found' ? found.fleet : defaultFleet;
  const users = ensureNatsUsers(state.natsCredentials);
  const chooser = createPortChooser(host, rememberedPorts(state.ports));
  const setup: Setup = {
    home,
    state,
    manifests: options.manifests,
    fleet,
    natsServer,
    receiver: options.receiver,
    ports: await choosePorts(chooser, fleet, options.nodes),
  };
  writeFileSync(state.ports, `${JSON.stringify(Object.fromEntries(chooser.chosen), null, 2)}\n`, { mode: 0o600 });
  const storeDir = join(state.natsDirectory, 'store');
  const config = natsServerConfig({ name: natsServerName(state), host, port: setup.ports.nats, storeDir, users });
  writeFileSync(join(state.natsDirectory, 'nats.conf'), config, { mode: 0o600 });
  writeManifests(state.manifests, generatedManifests(fleet, users, found.kind === 'none'));
  rmSync(state.caFile, { force: true });
  symlinkSync(join(certificateMount(setup), 'ca.crt'), state.caFile); // short to type, and true after a renewal
  return { setup, users, evasions: chooser.evasions };
}

async function choosePorts(chooser: PortChooser, fleet: FleetManifest, nodes: number): Promise<Setup['ports']> {
  const nats = await chooser.choose('nats-server', 4222);
  const receiver = await chooser.choose('receiver', 2525);
  const dns = await chooser.choose('dns-server', 5354);
  const operatorTelemetry = await chooser.choose('operator telemetry', 9463);
  const chosen: NodePorts[] = [];
  for (let index = 0; index < nodes; index++) {
    const name = `node-${index + 1}`;
    const listeners = new Map<string, number>();
    for (const listener of fleet.listeners) {
      const preferred = (listener.port < 1024 ? 2000 : 0) + listener.port + index; // below 1024 takes root
      listeners.set(listener.name, await chooser.choose(`${name} ${listener.name}`, preferred));
    }
    chosen.push({ name, listeners, telemetry: await chooser.choose(`${name} telemetry`, 9464 + index) });
  }
  return { nats, receiver, dns, operatorTelemetry, nodes: chosen };
}

function rememberedPorts(file: string): ReadonlyMap<string, number> {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>));
  } catch {
    return new Map();
  }
}

/** Whole files at once, since the operator may be reading; what an earlier run left and this one does not need goes. */
function writeManifests(directory: string, manifests: ReadonlyMap<string, string>): void {
  for (const name of ['nats-users.yaml', 'fleet.yaml']) {
    const file = join(directory, name);
    const text = manifests.get(name);
    if (text === undefined) {
      rmSync(file, { force: true });
      continue;
    }
    writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  }
}
