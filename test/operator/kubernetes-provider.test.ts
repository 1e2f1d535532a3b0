// The Kubernetes provider on a real kube-apiserver, through a network that can be cut: what it reads, what it writes and as whom,
// and what it never touches or reads.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { removeFinalizer } from '@relayfleet/operator/provider/kubernetes/apply.ts';
import { createApi, type Api } from '@relayfleet/operator/provider/kubernetes/http.ts';
import { createKubernetesProvider } from '@relayfleet/operator/provider/kubernetes/kubernetes-provider.ts';
import { withdrawFinalizer, type WantedSecret } from '@relayfleet/operator/plan.ts';
import type { Provider } from '@relayfleet/operator/provider/provider.ts';
import { startKubeApi, type KubeApi } from '../harness/kube-api.ts';
import { relayDomain, relayFleet, usual, type Manifest } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';
import { startProxy, type TcpProxy } from './tcp-proxy.ts';

let kube: KubeApi;
let proxy: TcpProxy;
let api: Api;
let provider: Provider;
/** Answers to writes are held back until it resolves. */
let holdPatches: Promise<void> | undefined;
let changes = 0;
const problems: string[] = [];

before(async () => {
  kube = await startKubeApi();
  const { hostname, port } = new URL(kube.url);
  proxy = await startProxy({ host: hostname, port: Number(port) });
  await kube.mustKubectl(['apply', '-f', 'crds/']);
  await kube.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  await kube.mustKubectl(['create', 'namespace', usual.namespace]);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(
    readFileSync(kube.kubeconfigPath, 'utf8').replaceAll(kube.url, `https://${hostname}:${proxy.port}`),
  );
  const monotonic = () => performance.now();
  api = createApi(kubeConfig, { monotonic });
  provider = createKubernetesProvider({
    api: {
      ...api,
      async request(call) {
        const answer = await api.request(call);
        if (call.method === 'PATCH') await holdPatches;
        return answer;
      },
    },
    monotonic,
    random: Math.random,
    sleep: async (ms, signal) => {
      await delay(ms, undefined, { signal }).catch(() => undefined);
    },
    events: {
      watchFailed: (collection, problem) => void problems.push(`${collection}: ${problem}`),
      watchRecovered: () => undefined,
    },
  });
  await provider.start(() => changes++);
});
after(async () => {
  await provider?.close();
  proxy?.close();
  await kube?.stop();
});

const apply = (...manifests: readonly Manifest[]) =>
  kube.mustKubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
const shop = () => provider.read().domains.find(({ metadata }) => metadata.name === 'shop');
const secret = (name: string, password: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: usual.namespace, name },
  stringData: { password },
});
const stored = async (name: string) =>
  JSON.parse(
    await kube.mustKubectl(['get', 'secret', name, '-n', usual.namespace, '-o', 'json', '--show-managed-fields']),
  ) as {
    readonly data: Record<string, string>;
    readonly metadata: {
      readonly managedFields: { manager: string }[];
      readonly annotations: Record<string, string>;
      readonly ownerReferences: { uid: string }[];
    };
  };

const storedFleet = async () =>
  JSON.parse(await kube.mustKubectl(['get', 'rfleet', 'default', '-n', usual.namespace, '-o', 'json'])) as {
    readonly metadata: { readonly finalizers?: readonly string[] };
    readonly status?: { readonly replicas?: number };
  };
const patch = (finalizers: readonly string[]) => JSON.stringify({ metadata: { finalizers } });

function dkimSecret(data: Readonly<Record<string, string>>): WantedSecret {
  return {
    ref: { namespace: usual.namespace, name: 'shop-dkim' },
    type: 'Opaque',
    owner: { kind: 'RelayDomain', name: 'shop', uid: shop()?.metadata.uid ?? '' },
    labels: { 'app.kubernetes.io/managed-by': 'relayfleet' },
    annotations: {},
    data,
  };
}

test('an object is read with its defaults, soon after it is applied, and without the API server’s bookkeeping', async () => {
  await apply(relayDomain({ dkim: { keyRefs: [{ selector: 's', name: 'own-key' }] } }));
  const domain = await until('the domain', shop, { withinMs: 5_000 });
  assert.equal(domain.spec.tls.mode, 'Require');
  assert.equal('managedFields' in domain.metadata, false);
  assert.deepEqual(provider.problems(), []);
});

test('a Secret is read when an object names it, follows its changes within seconds, and no other one is', async () => {
  await apply(secret('own-key', 'first'), secret('somebody-elses', 'hidden'));
  const value = () => provider.read().secrets.get(`${usual.namespace}/own-key`)?.data['password'];
  await until('its value', () => value() === Buffer.from('first').toString('base64'), { withinMs: 5_000 });
  const before = provider.read().secrets.get(`${usual.namespace}/own-key`);
  await apply(secret('own-key', 'second'));
  await until('its new value', () => value() === Buffer.from('second').toString('base64'), { withinMs: 5_000 });
  assert.notEqual(provider.read().secrets.get(`${usual.namespace}/own-key`), before);
  assert.deepEqual([...provider.read().secrets.keys()], [`${usual.namespace}/own-key`]);
  await kube.mustKubectl(['delete', 'secret', 'own-key', '-n', usual.namespace]);
  await until('its absence', () => value() === undefined, { withinMs: 5_000 });
});

test('an owned Secret belongs to its owner and to our field manager, and is in the next plan’s world at once', async () => {
  assert.deepEqual(await provider.applySecret(dkimSecret({ a: '1', b: '2' })), { ok: true, changed: true });
  assert.deepEqual(provider.read().secrets.get(`${usual.namespace}/shop-dkim`)?.data, { a: 'MQ==', b: 'Mg==' });
  assert.deepEqual(await provider.applySecret(dkimSecret({ a: '1', b: '2' })), { ok: true, changed: false });
  assert.equal((await provider.noteGeneration({ namespace: usual.namespace, name: 'shop-dkim' }, 7)).ok, true);
  assert.deepEqual(await provider.applySecret(dkimSecret({ a: '3' })), { ok: true, changed: true });
  const { data, metadata } = await stored('shop-dkim');
  assert.deepEqual(data, { a: 'Mw==' }, 'what is no longer wanted is gone');
  assert.equal(metadata.annotations['relayfleet.io/generation'], '7', 'what another manager noted is not');
  assert.equal(metadata.ownerReferences[0]?.uid, shop()?.metadata.uid);
  assert.deepEqual(metadata.managedFields.map(({ manager }) => manager).sort(), [
    'relayfleet-generation',
    'relayfleet-operator',
  ]);
});

test('a Secret of somebody else under the name is left alone, and the plan sees that it is there', async () => {
  await kube.mustKubectl(['delete', 'secret', 'shop-dkim', '-n', usual.namespace]);
  await until('its absence', () => !provider.read().secrets.has(`${usual.namespace}/shop-dkim`), { withinMs: 5_000 });
  await apply(secret('shop-dkim', 'mine'));
  const written = await provider.applySecret(dkimSecret({ a: '1' }));
  assert.ok(!written.ok && /was not made by relayfleet: rename or delete it/.test(written.problem));
  await until('the plan sees it', () => provider.read().secrets.has(`${usual.namespace}/shop-dkim`), {
    withinMs: 5_000,
  });
  assert.deepEqual((await stored('shop-dkim')).data, { password: 'bWluZQ==' });
  await kube.mustKubectl(['delete', 'secret', 'shop-dkim', '-n', usual.namespace]);
});

test('a status is written by our own manager, and only when it differs', async () => {
  const status = { domain: usual.domain, observedGeneration: 1, attachedPlatforms: 0 };
  const wanted = { kind: 'RelayDomain', ref: { namespace: usual.namespace, name: 'shop' }, status } as const;
  assert.deepEqual(await provider.writeStatus(wanted), { ok: true, changed: true });
  const version = shop()?.metadata.resourceVersion;
  assert.deepEqual(await provider.writeStatus(wanted), { ok: true, changed: false });
  assert.deepEqual(await provider.writeStatus({ ...wanted, status: { domain: usual.domain } }), {
    ok: true,
    changed: true,
  });
  assert.deepEqual(shop()?.status, { domain: usual.domain }, 'what is no longer said is gone');
  assert.notEqual(shop()?.metadata.resourceVersion, version);
  const gone = { ...wanted, ref: { namespace: usual.namespace, name: 'gone' } };
  assert.deepEqual(await provider.writeStatus(gone), { ok: true, changed: false });
});

test('a deleted fleet stays as long as our finalizer does, and has left the store when that is taken away', async () => {
  const ref = { namespace: usual.namespace, name: 'default' };
  await apply({ ...relayFleet(), metadata: ref });
  const { metadata } = await until('the fleet', () => provider.read().fleets[0]);
  const wanted = { kind: 'RelayFleet' as const, ref, uid: metadata.uid, release: undefined };
  assert.deepEqual(await provider.writeFinalizer({ ...wanted, uid: 'of another' }), { ok: true, changed: false });
  assert.deepEqual(await provider.writeFinalizer(wanted), { ok: true, changed: true });
  assert.deepEqual(provider.read().fleets[0]?.metadata.finalizers, ['relayfleet.io/withdraw']);
  await kube.mustKubectl(['delete', 'rfleet', 'default', '-n', usual.namespace, '--wait=false']);
  await until('the deletion', () => provider.read().fleets[0]?.metadata.deletionTimestamp);
  const released = await provider.writeFinalizer({ ...wanted, release: { how: 'Withdrawn' } });
  assert.deepEqual([released, provider.read().fleets], [{ ok: true, changed: true }, []]);
  const status = await provider.writeStatus({ kind: 'RelayFleet', ref, status: {} });
  assert.deepEqual(status, { ok: true, changed: false });
});

test('an answer that comes late brings nothing back that the watch has seen go', async () => {
  const ref = { namespace: usual.namespace, name: 'default' };
  await apply({ ...relayFleet(), metadata: ref });
  await until('the fleet', () => provider.read().fleets.length === 1);
  const late = Promise.withResolvers<void>();
  holdPatches = late.promise;
  const writing = provider.writeStatus({ kind: 'RelayFleet', ref, status: { replicas: 1 } });
  await until('the status is stored', async () => (await storedFleet()).status?.replicas === 1);
  await kube.mustKubectl(['delete', 'rfleet', 'default', '-n', usual.namespace]);
  await until('it is gone', () => provider.read().fleets.length === 0, { withinMs: 5_000 });
  late.resolve();
  holdPatches = undefined;
  assert.deepEqual([await writing, provider.read().fleets], [{ ok: true, changed: true }, []]);
});

test('taking our finalizer away takes none that came meanwhile', async () => {
  const ref = { namespace: usual.namespace, name: 'default' };
  await apply({ ...relayFleet(), metadata: { ...ref, finalizers: [withdrawFinalizer] } });
  const known = await until('the fleet', () => provider.read().fleets[0], { withinMs: 5_000 });
  const finalizers = [withdrawFinalizer, 'example.com/other'];
  await kube.mustKubectl(['patch', 'rfleet', 'default', '-n', ref.namespace, '--type=merge', '-p', patch(finalizers)]);
  const answer = await removeFinalizer(api, known);
  assert.ok(!answer.ok && answer.failure.reason === 'Conflict');
  assert.deepEqual((await storedFleet()).metadata.finalizers, finalizers);
  await kube.mustKubectl(['patch', 'rfleet', 'default', '-n', ref.namespace, '--type=merge', '-p', patch([])]);
  await kube.mustKubectl(['delete', 'rfleet', 'default', '-n', ref.namespace]);
});

test('cut watches are taken up again: nothing that happened meanwhile is missed', async () => {
  for (let round = 0; round < 3; round++) {
    proxy.cut({ refuse: true });
    const suspended = round % 2 === 0;
    await kube.mustKubectl([
      'patch',
      'rdom',
      'shop',
      '-n',
      usual.namespace,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { suspended } }),
    ]);
    proxy.mend();
    await until('the edit', () => shop()?.spec.suspended === suspended, { withinMs: 15_000 });
  }
  await until('no problem is left', () => provider.problems().length === 0, { withinMs: 30_000 });
});

test('the API server killed and started again: an edit made then is seen, an object deleted then is gone', async () => {
  await apply({ ...relayDomain({ domain: 'other.test' }), metadata: { namespace: usual.namespace, name: 'other' } });
  await until('both', () => provider.read().domains.length === 2, { withinMs: 5_000 });
  const uid = shop()?.metadata.uid;
  await kube.stopApiServer('SIGKILL');
  await until('the problem is known', () => provider.problems().some((problem) => /cannot be reached/.test(problem)));
  assert.equal(provider.read().domains.length, 2, 'what is known stays in force');
  const started = kube.startApiServer();
  await started;
  await kube.mustKubectl(['delete', 'rdom', 'other', 'shop', '-n', usual.namespace]);
  await apply(relayDomain());
  await until('the successor', () => provider.read().domains.length === 1 && shop()?.metadata.uid !== uid && shop(), {
    withinMs: 60_000,
  });
  await until('no problem is left', () => provider.problems().length === 0, { withinMs: 60_000 });
});

test('five hundred requests share a few connections', async () => {
  const before = proxy.made();
  const one = () => api.request({ path: `/api/v1/namespaces/${usual.namespace}` });
  const answers = await Promise.all(Array.from({ length: 500 }, one));
  assert.ok(answers.every(({ ok }) => ok));
  for (let count = 0; count < 100; count++) await one();
  assert.ok(proxy.made() - before <= 32, `${proxy.made() - before} connections`);
});

test('refusals are answers, not exceptions, and say what to do', async () => {
  const missing = await api.request({ path: '/apis/relayfleet.io/v1alpha1/namespaces/shop/relaydomains/none' });
  assert.ok(!missing.ok && missing.failure.status === 404 && missing.failure.reason === 'NotFound');
  const nowhere = await api.request({ path: '/apis/relayfleet.io/v1alpha1/nothings' });
  assert.ok(!nowhere.ok && nowhere.failure.status === 404);
});
