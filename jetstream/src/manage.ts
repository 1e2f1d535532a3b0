// Makes the server hold what the contract says: streams, consumers and buckets, created or updated, never deleted.
// Trusts no answer it has not read back: an old server takes a setting it does not know, and silently leaves it out.
import { JetStreamApiError, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { PermissionViolationError, RequestError } from '@nats-io/transport-node';
import {
  bucketSettings,
  consumerSettings,
  streamSettings,
  type StreamSettings,
  type StreamSizing,
} from '@relayfleet/contract/stream-settings.ts';
import { consumers, type ConsumerKey } from '@relayfleet/contract/subjects.ts';
import { checkVersion } from './check-server.ts';
import type { Nats } from './connect.ts';
import { manager } from './read.ts';
import { differences, type Settings } from './settings.ts';

export type Ensured =
  /** `changed`: what was created or updated, by name. */
  { readonly ok: true; readonly changed: readonly string[] } | { readonly ok: false; readonly problem: string };

/** One thing the server holds: how to read, make and change it. */
type Resource = {
  readonly name: string;
  readonly wanted: Settings;
  read(): Promise<Settings>;
  create(): Promise<unknown>;
  update(): Promise<unknown>;
};

const notFound = new Set([10014, 10059]); // consumer, stream

/** Creates or updates every stream, consumer and bucket of a fleet and checks each setting. Rejects when NATS does not answer. */
export async function ensureStreams(nats: Nats, sizing: StreamSizing): Promise<Ensured> {
  const jsm = await manager(nats);
  const fit = checkVersion(nats); // before anything is made: an old server would be left with half of it
  if (!fit.ok) return fit;
  const resources = [
    ...[...streamSettings(sizing), ...bucketSettings(sizing.replicas)].map((wanted) => stream(jsm, wanted)),
    ...(Object.keys(consumers) as ConsumerKey[]).map((key) => consumer(jsm, key, sizing.replicas)),
  ];
  const changed: string[] = [];
  for (const resource of resources) {
    try {
      if (await bringAbout(resource)) changed.push(resource.name);
    } catch (error) {
      const problem = explain(error);
      if (problem === undefined) throw new Error(`${resource.name}: NATS did not answer`, { cause: error });
      return { ok: false, problem: `${resource.name}: ${problem}` };
    }
    const refused = differences(resource.wanted, await resource.read());
    if (refused.length > 0)
      return {
        ok: false,
        problem: `${resource.name}: the server does not keep ${refused.join(', ')}; upgrade nats-server`,
      };
  }
  return { ok: true, changed };
}

async function bringAbout(resource: Resource): Promise<boolean> {
  const present = await resource.read().catch((error: unknown) => {
    if (error instanceof JetStreamApiError && notFound.has(error.code)) return undefined;
    throw error;
  });
  if (present === undefined) await resource.create();
  else if (differences(resource.wanted, present).length > 0) await resource.update();
  else return false;
  return true;
}

function stream(jsm: JetStreamManager, wanted: StreamSettings): Resource {
  // The contract writes settings in JetStream's own names, which the client's types narrow further.
  const config = wanted as unknown as StreamConfig;
  return {
    name: `stream ${wanted.name}`,
    wanted,
    read: async () => ({ ...(await jsm.streams.info(wanted.name)).config }),
    create: () => jsm.streams.add(config),
    update: () => jsm.streams.update(wanted.name, config),
  };
}

function consumer(jsm: JetStreamManager, key: ConsumerKey, replicas: number): Resource {
  const { stream: streamName, name } = consumers[key];
  const wanted = consumerSettings(key, replicas);
  return {
    name: `consumer ${name}`,
    wanted,
    read: async () => ({ ...(await jsm.consumers.info(streamName, name)).config }),
    create: () => jsm.consumers.add(streamName, wanted),
    update: () => jsm.consumers.update(streamName, name, wanted),
  };
}

/** By the server's error number: https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const remedies: Readonly<Record<number, string>> = {
  10002: 'raise the JetStream limits of the NATS account, or lower spec.nats.storage',
  10005: 'the NATS cluster has too few servers with room: add one, or lower spec.nats.replicas or spec.nats.storage',
  10023: 'give nats-server more disk, or lower spec.nats.storage',
  10026: 'raise the number of consumers the NATS account may have',
  10027: 'raise the number of streams the NATS account may have',
  10039: 'enable JetStream for this NATS account',
  10047: 'lower spec.nats.storage of the RelayFleet, or give nats-server a larger disk or max_file_store',
  10058: 'another program or fleet uses this NATS account: give the fleet its own',
  10065: 'another program or fleet uses this NATS account: give the fleet its own',
  10074: 'set spec.nats.replicas to 1, or use a NATS cluster',
  10076: 'enable JetStream in nats-server',
};

/** What to tell a person, where the server said no; undefined where it said nothing. */
function explain(error: unknown): string | undefined {
  if (error instanceof JetStreamApiError) {
    const remedy = remedies[error.code];
    return `the server refuses it: ${error.message} (error ${error.code})${remedy === undefined ? '' : `; ${remedy}`}`;
  }
  if (error instanceof RequestError && error.cause instanceof PermissionViolationError)
    return 'these NATS credentials may not manage streams: use those of the operator';
  return undefined;
}
