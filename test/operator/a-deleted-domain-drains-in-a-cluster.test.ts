// On a real API server: `kubectl delete` of a RelayDomain waits, with the domain's key, until its mail has left; other finalizers are
// left alone, and a namespace is not held up for ever.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openAcknowledger } from '@relayfleet/jetstream/acknowledgements.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { natsUser } from '../harness/cluster.ts';
import { startKubeApi, type KubeApi } from '../harness/kube-api.ts';
import { relayDomain, relayFleet, senderPlatform, usual, type Manifest } from '../harness/manifests.ts';
import { startNats, type NatsServer } from '../harness/nats.ts';
import { anEnvelope } from '../harness/queue.ts';
import { until } from '../harness/until.ts';
import { runOperator, type OperatorInProcess } from './operator-in-process.ts';

const system = 'relayfleet-system';

let kube: KubeApi;
let nats: NatsServer;
let operator: OperatorInProcess;
let heartbeat: NodeJS.Timeout;

before(async () => {
  [kube, nats] = await Promise.all([startKubeApi(), startNats()]);
  await kube.mustKubectl(['apply', '-f', 'crds/']);
  await kube.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  for (const namespace of [system, usual.namespace]) await kube.mustKubectl(['create', 'namespace', namespace]);
  operator = runOperator(kube);
  await operator.start();
  const { nats: usualNats } = relayFleet()['spec'] as { nats: object };
  await apply(
    natsUser(system, 'nats-operator', nats.users.operator),
    natsUser(system, 'nats-node', nats.users.node),
    relayFleet({ nats: { ...usualNats, url: nats.url } }),
    relayDomain(),
    senderPlatform(),
  );
  // A node that holds whatever there is.
  const acknowledger = openAcknowledger(await nats.connect('node'), 'n');
  const most = 1_000_000;
  const say = () => {
    const said = { version: 'test', at: Date.now(), keyIds: [], ready: true, problems: [] };
    return acknowledger.put({ v: 1, node: 'n', ...said, generation: most, highestSeen: 1 }).catch(() => undefined);
  };
  heartbeat = setInterval(() => void say(), 500);
});
after(async () => {
  clearInterval(heartbeat);
  await operator?.stop();
  await Promise.all([kube?.stop(), nats?.stop()]);
});

test('a deleted domain stays with its key until its mail has left, and tells how much that is', async () => {
  await until('the platform is ready', async () => (await conditionOf('splat', usual.platform))?.status === 'True');
  await until('the finalizers', async () => (await stored('rdom', 'shop'))?.metadata.finalizers?.length === 1);
  const queue = openMailQueue(await nats.connect('node'), { timeoutMs: 2_000 });
  const platform = { namespace: usual.namespace, name: usual.platform };
  const envelope = anEnvelope({ domain: usual.domain, platform, body: { kind: 'inline', size: 0 } });
  assert.ok((await queue.commit([{ envelope, body: Buffer.alloc(0) }], 5_000)).ok);

  await kube.mustKubectl(['delete', 'rdom', 'shop', '-n', usual.namespace, '--wait=false']);
  await until('it is counted', async () => {
    const found = await stored('rdom', 'shop');
    return found?.status?.queued === 1 && /1 queue entries of its mail are left/.test(readyOf(found)?.message ?? '');
  });
  const wide = await kube.mustKubectl(['get', 'rdom', 'shop', '-n', usual.namespace, '-o', 'wide']);
  assert.match(wide, /QUEUED\n.* Draining .* 1\s*$/);
  assert.notEqual(await stored('secret', 'shop-dkim'), undefined);
  assert.deepEqual(operator.released, []);

  const stop = new AbortController();
  for await (const taken of queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    await taken.done();
    stop.abort();
  }
  await until('it is gone', async () => (await stored('rdom', 'shop')) === undefined, { withinMs: 30_000 });
  assert.deepEqual(operator.released, ['shop Drained']);
});

test('without NATS it waits, and the word abandon, said after the deletion, lets it go', async () => {
  await until('the finalizer', async () => (await stored('splat', usual.platform))?.metadata.finalizers?.length === 1);
  await apply(relayDomain());
  await until(
    'the platform is ready again',
    async () => (await conditionOf('splat', usual.platform))?.status === 'True',
  );
  await nats.kill9();
  await kube.mustKubectl(['delete', 'splat', usual.platform, '-n', usual.namespace, '--wait=false']);
  const told = await until('the way out is named', async () => {
    const message = (await conditionOf('splat', usual.platform))?.message ?? '';
    return /kubectl annotate \S+ \S+ \S+ relayfleet\.io\/on-delete=abandon/.exec(message)?.[0];
  });
  await kube.mustKubectl(told.split(' ').slice(1));
  await until('it is gone', async () => (await stored('splat', usual.platform)) === undefined);
  assert.deepEqual(operator.released, ['shop Drained', 'orders Abandoned']);
});

function apply(...manifests: readonly Manifest[]) {
  const list = { apiVersion: 'v1', kind: 'List', items: manifests };
  return kube.mustKubectl(['apply', '--server-side', '--field-manager=test', '-f', '-'], JSON.stringify(list));
}

type Stored = {
  readonly metadata: { readonly finalizers?: readonly string[] };
  readonly status?: {
    readonly queued?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
};

/** Undefined once it is gone. */
async function stored(kind: string, name: string): Promise<Stored | undefined> {
  const { code, stdout } = await kube.kubectl(['get', kind, name, '-n', usual.namespace, '-o', 'json']);
  return code === 0 ? (JSON.parse(stdout) as Stored) : undefined;
}

function readyOf({ status }: Stored) {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

async function conditionOf(kind: string, name: string) {
  const found = await stored(kind, name);
  return found && readyOf(found);
}
