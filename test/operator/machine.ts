// One machine without relay nodes: a nats-server, a directory of manifests and the operator as a process. What a node would see
// of its bucket is read as a node reads it, from the mounted bootstrap document on, so that nothing but the operator is tried.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { openAcknowledger } from '@relayfleet/jetstream/acknowledgements.ts';
import { openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import { natsUser } from '../harness/cluster.ts';
import { relayDomain, relayFleet, senderPlatform, type Manifest } from '../harness/manifests.ts';
import { startNats, type NatsServer } from '../harness/nats.ts';
import { startOperator, type Started } from '../harness/programs.ts';
import { until } from '../harness/until.ts';
import { openBucket, type Seen } from './bucket-view.ts';

export type Machine = {
  readonly nats: NatsServer;
  readonly directory: string;
  readonly state: string;
  /** Replaces `fleet.yaml`, which is all there is but for the NATS users. */
  apply(...manifests: readonly Manifest[]): void;
  /** Replaces `users.yaml`, where the NATS users are. */
  applyUsers(...manifests: readonly Manifest[]): void;
  startOperator(env?: Readonly<Record<string, string>>): Promise<Started>;
  /** What a node finds in the bucket now; undefined when there is nothing it could take over. */
  seen(): Promise<Seen | undefined>;
  /** Waits until a node finds what the test asks for. */
  untilSeen(what: string, wanted: (seen: Seen) => boolean, withinMs?: number): Promise<Seen>;
  /** Speaks for a relay node that holds what it sees. */
  acknowledge(node: string, changes?: Partial<Acknowledgement>): Promise<void>;
};

export const usualObjects: readonly Manifest[] = [relayFleet(), relayDomain(), senderPlatform()];

export async function startMachine(t: TestContext, options: { readonly state?: string } = {}): Promise<Machine> {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-machine-'));
  const nats = await startNats();
  const operators: Started[] = [];
  t.after(async () => {
    await Promise.all(operators.map((operator) => operator.stop('SIGKILL')));
    await nats.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const manifests = join(directory, 'manifests');
  const state = options.state ?? join(directory, 'state');
  mkdirSync(manifests);
  const write = (file: string, objects: readonly Manifest[]) =>
    writeFileSync(join(manifests, file), objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  const users = (['operator', 'node'] as const).map((role) =>
    natsUser('relayfleet-system', `nats-${role}`, nats.users[role]),
  );
  write('users.yaml', users);
  const reader = await nats.connect('node');
  const bucket = openConfigReader(reader);
  const latest = watchLatest(t, reader);

  const seen = () => openBucket(bucket, latest(), readMounted(state));

  return {
    nats,
    directory,
    state,
    apply: (...objects) => write('fleet.yaml', objects),
    applyUsers: (...objects) => write('users.yaml', objects),
    async startOperator(env = {}) {
      const places = { RELAYFLEET_MANIFESTS: manifests, RELAYFLEET_STATE: state, RELAYFLEET_NATS_URL: nats.url };
      const operator = await startOperator({ t, directory }, { RELAYFLEET_PROVIDER: 'file', ...places, ...env });
      operators.push(operator);
      return operator;
    },
    seen,
    untilSeen: (what, wanted, withinMs = 15_000) =>
      until(
        what,
        async () => {
          const found = await seen();
          return found && wanted(found) ? found : undefined;
        },
        { withinMs, everyMs: 20 },
      ),
    async acknowledge(node, changes = {}) {
      const generation = (await seen())?.manifest.generation ?? 0;
      const said = { version: 'test', at: Date.now(), keyIds: [], ready: true, problems: [] };
      const held = { generation, highestSeen: generation };
      await openAcknowledger(reader, node).put({ v: 1, node, ...said, ...held, ...changes });
    },
  };
}

function watchLatest(t: TestContext, reader: Parameters<typeof openConfigReader>[0]): () => Uint8Array | undefined {
  let latest: Uint8Array | undefined;
  const stop = openConfigReader(reader).watchManifest((bytes) => (latest = bytes));
  t.after(stop);
  return () => latest;
}

function readMounted(state: string): string {
  try {
    return readFileSync(join(state, 'mounts/relayfleet-system/default-bootstrap/bootstrap.json'), 'utf8');
  } catch {
    return '';
  }
}
