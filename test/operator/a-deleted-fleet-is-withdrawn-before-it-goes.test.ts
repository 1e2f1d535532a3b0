// Deleting a RelayFleet on a real API server, with a real nats-server, the nodes played by the test and a clock of its own: the
// object stays until the withdrawal is in the bucket and acknowledged; without NATS it goes after a minute all the same.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { openAcknowledger } from '@relayfleet/jetstream/acknowledgements.ts';
import { openConfigPublisher, openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import { createBackoff } from '@relayfleet/operator/backoff.ts';
import { createLoop } from '@relayfleet/operator/loop.ts';
import { mint } from '@relayfleet/operator/mint/mint.ts';
import { hashPassword } from '@relayfleet/operator/mint/password.ts';
import { openFleetLink } from '@relayfleet/operator/observe/fleet-link.ts';
import { createFleetLinks } from '@relayfleet/operator/observe/fleet-links.ts';
import { openConnection } from '@relayfleet/operator/observe/nats-connection.ts';
import { createApi } from '@relayfleet/operator/provider/kubernetes/http.ts';
import { createKubernetesProvider } from '@relayfleet/operator/provider/kubernetes/kubernetes-provider.ts';
import { createPublisher } from '@relayfleet/operator/snapshot/publisher.ts';
import { natsUser } from '../harness/cluster.ts';
import { startKubeApi, type KubeApi } from '../harness/kube-api.ts';
import { relayFleet, type Manifest } from '../harness/manifests.ts';
import { startNats, type NatsServer } from '../harness/nats.ts';
import { until } from '../harness/until.ts';
import { openBucket } from './bucket-view.ts';

const system = 'relayfleet-system';
const finalizer = 'relayfleet.io/withdraw';
const monotonic = () => performance.now();
const sleep = async (ms: number, signal: AbortSignal) => {
  await delay(ms, undefined, { signal }).catch(() => undefined);
};

let kube: KubeApi;
let nats: NatsServer;
let operator: ReturnType<typeof runOperator>;
let fastForwardMs = 0;
const released: string[] = [];

before(async () => {
  [kube, nats] = await Promise.all([startKubeApi(), startNats()]);
  await kube.mustKubectl(['apply', '-f', 'crds/']);
  await kube.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  await kube.mustKubectl(['create', 'namespace', system]);
  operator = runOperator();
  await operator.start();
});
after(async () => {
  await operator?.stop();
  await Promise.all([kube?.stop(), nats?.stop()]);
});

/** The operator's parts in this process, as main.ts wires them, but with the test's clock. */
function runOperator() {
  const now = () => Date.now() + fastForwardMs;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(readFileSync(kube.kubeconfigPath, 'utf8'));
  const quiet = () => undefined;
  const provider = createKubernetesProvider({
    api: createApi(kubeConfig, { monotonic }),
    monotonic,
    sleep,
    random: Math.random,
    events: { watchFailed: quiet, watchRecovered: quiet },
  });
  const noteGeneration = async (...noted: Parameters<typeof provider.noteGeneration>) => {
    const written = await provider.noteGeneration(...noted);
    assert.ok(written.ok);
  };
  const links = createFleetLinks((connection) =>
    openFleetLink(connection, {
      now,
      monotonic,
      sleep,
      connect: openConnection,
      publisher: createPublisher({ now, noteGeneration }),
      backoff: createBackoff({ baseMs: 50, maxMs: 200, random: Math.random }),
      events: { natsProblem: quiet, natsReady: quiet, published: quiet },
      onChange: () => loop.trigger(),
    }),
  );
  const loop = createLoop({
    provider,
    links,
    now,
    monotonic,
    random: Math.random,
    later: (ms, callback) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    fixed: { defaultFleet: { namespace: system, name: 'default' }, endpoints: new Map(), natsUrl: undefined },
    mint: (request) => mint(request, { now, randomBytes }),
    hash: hashPassword,
    events: {
      planned: quiet,
      planFailed: (cause) => assert.fail(String(cause)),
      stepSettled: quiet,
      released: ({ name }, release) => void released.push(`${name} ${release.how}`),
    },
  });
  return {
    start: () => provider.start(() => loop.trigger()),
    planAgain: () => loop.trigger(),
    stop: async () => {
      await loop.stop();
      await links.close();
      await provider.close();
    },
  };
}

test('a deleted fleet stays until its nodes have the withdrawal, and is above it when applied again', async () => {
  await applyFleet();
  const uid = (await stored())?.uid;
  await until('the finalizer', async () => (await stored())?.finalizers?.includes(finalizer));
  const first = await until('a snapshot', seen);
  await acknowledge(first.manifest.generation);

  await kube.mustKubectl(['delete', 'rfleet', 'default', '-n', system, '--wait=false']);
  const last = await until('the withdrawal', async () => {
    const found = await seen();
    return found?.snapshot.fleet.suspended ? found : undefined;
  });
  assert.equal(last.snapshot.fleet.suspended?.reason, 'its RelayFleet was deleted');
  assert.ok(last.manifest.generation > first.manifest.generation);
  assert.equal((await stored())?.uid, uid, 'it waits for the node');
  assert.deepEqual(released, []);
  await acknowledge(last.manifest.generation);
  await until('it is gone', async () => (await stored()) === undefined);
  assert.deepEqual(released, ['default Withdrawn']);

  await kube.mustKubectl(['delete', 'secret', '-n', system, '-l', 'app.kubernetes.io/managed-by=relayfleet']); // as its owner's end does
  await applyFleet();
  const again = await until('the successor’s snapshot', async () => {
    const found = await seen();
    return found?.manifest.fleetUid === uid ? undefined : found;
  });
  assert.equal(again.snapshot.fleet.suspended, null);
  assert.ok(again.manifest.generation > last.manifest.generation, 'nodes refuse what is older than what they hold');
});

test('without NATS a deleted fleet goes after a minute, whoever set the finalizer', async () => {
  await until('the finalizer', async () => (await stored())?.finalizers?.includes(finalizer));
  const exported = await kube.mustKubectl(['get', 'rfleet', 'default', '-n', system, '-o', 'json']);
  const { spec, metadata } = JSON.parse(exported) as { spec: unknown; metadata: { finalizers: string[] } };
  await apply({
    ...relayFleet(),
    spec,
    metadata: { namespace: system, name: 'default', finalizers: metadata.finalizers },
  });
  await nats.kill9();
  await kube.mustKubectl(['delete', 'rfleet', 'default', '-n', system, '--wait=false']);
  await until('NATS is known to be away', async () => {
    const text = await kube.mustKubectl(['get', 'rfleet', 'default', '-n', system, '-o', 'json']);
    return text.includes('NATSUnreachable') && text.includes('its RelayFleet was deleted');
  });
  assert.notEqual(await stored(), undefined, 'it waits');
  fastForwardMs = 60_000;
  operator.planAgain();
  await until('it is gone', async () => (await stored()) === undefined);
  assert.deepEqual(released, ['default Withdrawn', 'default GivenUp']);
});

function apply(...manifests: readonly Manifest[]) {
  const list = { apiVersion: 'v1', kind: 'List', items: manifests };
  return kube.mustKubectl(['apply', '--server-side', '--field-manager=test', '-f', '-'], JSON.stringify(list));
}

async function applyFleet(): Promise<void> {
  const usual = (relayFleet()['spec'] as { nats: object }).nats;
  await apply(
    natsUser(system, 'nats-operator', nats.users.operator),
    natsUser(system, 'nats-node', nats.users.node),
    relayFleet({ nats: { ...usual, url: nats.url } }),
  );
}

/** Metadata of the fleet; undefined once it is gone. */
async function stored(): Promise<{ uid: string; finalizers?: string[] } | undefined> {
  const { code, stdout } = await kube.kubectl(['get', 'rfleet', 'default', '-n', system, '-o', 'json']);
  return code === 0 ? (JSON.parse(stdout) as { metadata: { uid: string } }).metadata : undefined;
}

async function seen() {
  const { code, stdout } = await kube.kubectl(['get', 'secret', 'default-bootstrap', '-n', system, '-o', 'json']);
  if (code !== 0) return undefined;
  const data = (JSON.parse(stdout) as { data: Record<string, string> }).data;
  const stored = await openConfigPublisher(await operatorNats())
    .readManifest()
    .catch(() => undefined);
  const bootstrap = Buffer.from(data['bootstrap.json'] ?? '', 'base64').toString();
  return openBucket(openConfigReader(await nodeNats()), stored?.bytes, bootstrap);
}

async function acknowledge(generation: number): Promise<void> {
  const said = { version: 'test', at: Date.now(), keyIds: [], ready: true, problems: [] };
  await openAcknowledger(await nodeNats(), 'n').put({ v: 1, node: 'n', ...said, generation, highestSeen: generation });
}

const connections = new Map<'node' | 'operator', ReturnType<NatsServer['connect']>>();
const nodeNats = () => connected('node');
const operatorNats = () => connected('operator');
function connected(role: 'node' | 'operator') {
  const connection = connections.get(role) ?? nats.connect(role);
  connections.set(role, connection);
  return connection;
}
