// The operator on a real API server, with the nodes played by the test: `kubectl apply` of the examples gives every object a status
// and its Secrets; killing the API server in between changes nothing; what is deleted leaves the snapshot.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { Condition } from '@relayfleet/contract/conditions.ts';
import { openConfigPublisher } from '@relayfleet/jetstream/config-bucket.ts';
import { natsUser, startCluster, type Cluster } from '../harness/cluster.ts';
import { relayDomain, relayFleet, senderPlatform, usual } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';

const system = 'relayfleet-system';
type Statused = {
  readonly status?: { readonly conditions?: readonly Condition[]; readonly attachedPlatforms?: number };
};

test('withdrawn objects leave the snapshot', { timeout: 240_000 }, async (t) => {
  const cluster = await startCluster(t, [system, usual.namespace]);
  const { api, nats } = cluster;
  const nodes = { ...(relayFleet()['spec'] as { nats: object }).nats, url: nats.url };
  await cluster.apply(
    natsUser(system, 'nats-node', nats.users.node),
    relayFleet({ nats: nodes }),
    relayDomain(),
    senderPlatform(),
  );
  await fleetSays(cluster, 'ResolvedRefs', 'SecretNotFound');
  await cluster.apply(natsUser(system, 'nats-operator', nats.users.operator));
  await fleetSays(cluster, 'ResolvedRefs', 'ResolvedRefs');
  for (const [namespace, name] of [
    [system, 'default-keys'],
    [system, 'default-bootstrap'],
    [system, 'default-listener-tls'],
    [usual.namespace, 'shop-dkim'],
    [usual.namespace, `${usual.platform}-smtp`],
  ] as const)
    assert.notDeepEqual(await cluster.secret(namespace, name), {}, name);
  await until('the platform is attached', async () => (await fleet(cluster)).status?.attachedPlatforms === 1);

  const bucket = openConfigPublisher(await nats.connect('operator'));
  const generation = async (): Promise<number> => {
    const text = Buffer.from((await bucket.readManifest())?.bytes ?? '').toString();
    return (JSON.parse(text.slice(text.indexOf('\n') + 1)) as { generation: number }).generation;
  };
  const before = await generation();
  await api.stopApiServer('SIGKILL');
  await api.startApiServer();
  const keys = await cluster.secret(usual.namespace, 'shop-dkim');
  await api.mustKubectl(['delete', `splat/${usual.platform}`, '-n', usual.namespace]);
  await until('the platform has left', async () => (await fleet(cluster)).status?.attachedPlatforms === 0, {
    withinMs: 60_000,
  });
  await until('the snapshot is published without it', async () => (await generation()) > before);
  assert.deepEqual(await cluster.secret(usual.namespace, 'shop-dkim'), keys, 'no key was made twice');
  const { metadata } = await cluster.read<RelayFleet>(system, 'secret/default-keys');
  assert.equal(metadata.annotations?.['relayfleet.io/generation'], String(await generation()));

  const versions = async () =>
    api.mustKubectl(['get', 'rfleet,rdom', '-A', '-o', 'jsonpath={.items[*].metadata.resourceVersion}']);
  const settled = await until('statuses settle', async () => {
    const first = await versions();
    await fetch(`${cluster.operator.telemetry}/metrics`);
    return (await versions()) === first && first;
  });
  const made = await plans(cluster);
  await api.mustKubectl(['annotate', 'namespace', usual.namespace, 'a=b']); // makes a plan, changes nothing
  await until('the plan is made', async () => (await plans(cluster)) > made);
  assert.equal(await versions(), settled, 'equal statuses are not written');
});

async function fleet(cluster: Cluster): Promise<Statused> {
  return cluster.read<Statused>(system, 'rfleet/default');
}

async function plans({ operator }: Cluster): Promise<number> {
  const text = await (await fetch(`${operator.telemetry}/metrics`)).text();
  return Number(/controller_runtime_reconcile_total\{controller="plan",result="success"\} (\d+)/.exec(text)?.[1] ?? 0);
}

async function fleetSays(cluster: Cluster, type: string, reason: string): Promise<void> {
  await until(`${type} ${reason}`, async () => {
    const { status } = await fleet(cluster);
    return status?.conditions?.some((condition) => condition.type === type && condition.reason === reason);
  });
}
