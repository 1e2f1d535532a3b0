// Deleting a RelayFleet on a real API server, with a real nats-server, the nodes played by the test and a clock of its own: the
// object stays until the withdrawal is in the bucket and acknowledged; without NATS it goes after a minute all the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openAcknowledger } from '@relayfleet/jetstream/acknowledgements.ts';
import { openConfigPublisher, openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import { natsUser } from '../harness/cluster.ts';
import { startKubeApi, type KubeApi } from '../harness/kube-api.ts';
import { relayFleet, type Manifest } from '../harness/manifests.ts';
import { startNats, type NatsServer } from '../harness/nats.ts';
import { until } from '../harness/until.ts';
import { openBucket } from './bucket-view.ts';
import { runOperator, type OperatorInProcess } from './operator-in-process.ts';

const system = 'relayfleet-system';
const finalizer = 'relayfleet.io/withdraw';

let kube: KubeApi;
let nats: NatsServer;
let operator: OperatorInProcess;
let fastForwardMs = 0;

before(async () => {
  [kube, nats] = await Promise.all([startKubeApi(), startNats()]);
  await kube.mustKubectl(['apply', '-f', 'crds/']);
  await kube.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  await kube.mustKubectl(['create', 'namespace', system]);
  operator = runOperator(kube, () => Date.now() + fastForwardMs);
  await operator.start();
});
after(async () => {
  await operator?.stop();
  await Promise.all([kube?.stop(), nats?.stop()]);
});

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
  assert.deepEqual(operator.released, []);
  await acknowledge(last.manifest.generation);
  await until('it is gone', async () => (await stored()) === undefined);
  assert.deepEqual(operator.released, ['default Withdrawn']);

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
  assert.deepEqual(operator.released, ['default Withdrawn', 'default GivenUp']);
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
