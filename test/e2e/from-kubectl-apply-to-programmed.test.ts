// The whole way on a real API server: `kubectl apply` of three objects, nodes started from the Secrets the operator made, every
// condition True, mail sent with the binding Secret arriving signed. Edits made after the API server was killed take effect,
// and a deleted platform is refused on every node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import { arrival } from '../harness/arrival.ts';
import { natsUser, startCluster, startTwoNodes, type Cluster } from '../harness/cluster.ts';
import { askRecords, judge } from '../harness/judges.ts';
import { everyLogin } from '../harness/logins.ts';
import { markedMessage } from '../harness/ledger.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform, usual } from '../harness/manifests.ts';
import { freePort } from '../harness/ports.ts';
import { startReceiver } from '../harness/receiver.ts';
import { submit, type Listener } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

const system = 'relayfleet-system';
const objects = [
  [system, 'rfleet/default'],
  [usual.namespace, 'rdom/shop'],
  [usual.namespace, `splat/${usual.platform}`],
] as const;

test('from kubectl apply to Programmed', { timeout: 300_000 }, async (t) => {
  const cluster = await startCluster(t, [system, usual.namespace]);
  const receiver = await startReceiver();
  t.after(() => receiver.goAway());
  const [port, startTlsPort] = [await freePort(), await freePort()];
  const { nats, apply, api } = cluster;
  await apply(
    natsUser(system, 'nats-operator', nats.users.operator),
    natsUser(system, 'nats-node', nats.users.node),
    relayFleet({
      nats: { ...(relayFleet()['spec'] as { nats: object }).nats, url: nats.url },
      listeners: [
        { name: 'submissions', port, mode: 'Implicit' },
        { name: 'submission', port: startTlsPort, mode: 'StartTLS' },
      ],
    }),
    relayDomain({ routes: [routeTo({ host: '127.0.0.1', port: receiver.port })] }),
    senderPlatform(),
  );
  for (const [namespace, object] of objects) await cluster.condition(namespace, object, 'Accepted');
  await noneIsProgrammedYet(cluster);

  const nodes = await startTwoNodes(t, cluster, { implicitPort: port, startTlsPort });
  for (const condition of ['ResolvedRefs', 'Programmed', 'Ready'])
    for (const [namespace, object] of objects) await cluster.condition(namespace, object, condition);

  const binding = await cluster.secret(usual.namespace, `${usual.platform}-smtp`);
  const login = { user: binding['username']!, password: binding['password']!, ca: binding['ca.crt']! };
  const bound: Listener = { host: binding['host']!, port: Number(binding['port']), tls: 'implicit' };
  await belongsTo(cluster, `secret/${usual.platform}-smtp`, `splat/${usual.platform}`);
  assert.equal(binding['uri'], `smtps://${login.user}:${login.password}@localhost:${port}`);
  const message = markedMessage({ mark: 'cluster', from: usual.from, to: [usual.to] });
  const sent = await submit(bound, login, { from: usual.from, to: [usual.to], message });
  const mail = await arrival(receiver, sent);
  const { status } = await cluster.read<RelayDomain>(usual.namespace, 'rdom/shop');
  const [judgement] = await judge([mail], usual.domain, askRecords(status?.dns?.records ?? []));
  const { dkim, spf, dmarc } = judgement!;
  assert.deepEqual(
    { dkim, spf, dmarc },
    { dkim: ['ed25519-sha256 pass', 'rsa-sha256 pass'], spf: 'pass', dmarc: 'pass' },
  );

  const target = { listener: (node: number) => nodes[node - 1]!.implicit };
  await everyLogin(target, login, 235);
  await api.stopApiServer('SIGKILL');
  assert.equal((await submit(bound, login, { from: usual.from, to: [usual.to], message })).kind, 'accepted');
  await api.startApiServer();
  await apply(senderPlatform({ suspended: true }));
  await everyLogin(target, login, 525, { withinMs: 30_000 }); // its watch has to come back first
  await apply(senderPlatform({ suspended: false }));
  await everyLogin(target, login, 235);
  await cluster.condition(usual.namespace, `splat/${usual.platform}`, 'Ready');

  await api.mustKubectl(['delete', `splat/${usual.platform}`, '-n', usual.namespace]);
  await everyLogin(target, login, 535);
});

/** Accepted but held by no node is not in force, and the status says so. */
async function noneIsProgrammedYet(cluster: Cluster): Promise<void> {
  for (const [namespace, object] of objects) {
    await until(`${object} says NoReadyNodes`, async () => {
      const read = await cluster.read<RelayDomain>(namespace, object);
      const found = read.status?.conditions?.find(({ type }) => type === 'Programmed');
      return found?.status === 'False' && found.reason === 'NoReadyNodes';
    });
  }
}

/** Kubernetes removes an object with its owner. */
async function belongsTo(cluster: Cluster, object: string, owner: string): Promise<void> {
  type Owned = { readonly metadata: { readonly uid: string; readonly ownerReferences?: readonly { uid: string }[] } };
  const { metadata } = await cluster.read<Owned>(usual.namespace, object);
  const { uid } = (await cluster.read<Owned>(usual.namespace, owner)).metadata;
  assert.deepEqual(
    metadata.ownerReferences?.map((reference) => reference.uid),
    [uid],
  );
}
