// A real API server takes the three kinds and every manifest we show: samples and examples, through kubectl as a user would.
// Defaults, status, scale, category and explanations are what the reference says.
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startKubeApi, type KubeApi } from '../harness/kube-api.ts';
import { collectionPath, readManifests, yamlFiles, type Manifest } from './manifests.ts';
import { fullStatuses } from './statuses.ts';

const shown = Object.groupBy([...yamlFiles('crds/samples'), ...yamlFiles('examples')], (file) => dirname(file));

let api: KubeApi;
before(async () => {
  api = await startKubeApi();
  await api.mustKubectl(['apply', '-f', 'crds/']);
  await api.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  const files = Object.values(shown).flatMap((inFolder) => inFolder ?? []);
  const namespaces = new Set(files.flatMap((file) => readManifests(file)).map(namespaceOf));
  for (const name of namespaces) {
    const manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await api.call('POST', '/api/v1/namespaces', manifest);
  }
});
after(() => api?.stop());

/** Folders share names, and one must not lean on another. */
async function removeAll(): Promise<void> {
  await api.mustKubectl(['delete', 'rfleet,rdom,splat', '--all', '--all-namespaces']);
}

for (const [folder, files = []] of Object.entries(shown)) {
  suite(folder, () => {
    before(removeAll);
    for (const file of files) {
      test(`accepted: ${file}`, async () => {
        await api.mustKubectl(['apply', '--validate=strict', '-f', file]);
      });
    }
  });
}

const defaults: Readonly<Record<string, unknown>> = {
  'crds/samples/relayfleet-smallest.yaml': {
    replicas: 2,
    listeners: [
      { name: 'submissions', port: 465, mode: 'Implicit' },
      { name: 'submission', port: 587, mode: 'StartTLS' },
    ],
    tls: { minVersion: '1.2' },
    nats: {
      url: 'nats://nats.relayfleet-system.svc:4222',
      operatorCredentialsRef: { name: 'nats-operator' },
      nodeCredentialsRef: { name: 'nats-node' },
      replicas: 1,
      storage: '10Gi',
    },
    allowedDomains: { namespaces: { from: 'Same' } },
    egress: { allowedPrivateNetworks: [] },
    limits: {
      maxMessageBytes: 26214400,
      maxRecipients: 100,
      maxConnections: 1000,
      connectionsPerDestination: 20,
      maxDeferred: 1000000,
    },
    retry: {
      maxAge: '120h',
      schedule: ['1m', '5m', '15m', '30m', '1h', '2h', '4h'],
      delayNoticeAfter: '3h',
    },
    retention: { events: '720h' },
    suspended: false,
  },
  'crds/samples/relaydomain-smallest.yaml': {
    domain: 'example.com',
    allowedPlatforms: { namespaces: { from: 'Same' } },
    dkim: { algorithms: ['RSA2048', 'Ed25519'] },
    dns: { mode: 'Manual' },
    tls: { mode: 'Require', minVersion: '1.2' },
    suspended: false,
  },
  'crds/samples/senderplatform-smallest.yaml': {
    domainRefs: [{ name: 'example-com', from: ['*'] }],
    purpose: 'Transactional',
    auth: { type: 'Password' },
    suspended: false,
  },
};

suite('what Kubernetes makes of the samples', () => {
  before(async () => {
    await removeAll();
    await api.mustKubectl(['apply', '-f', 'crds/samples/']);
  });

  test('applying a sample again makes no new generation', async () => {
    await api.mustKubectl(['apply', '-f', 'crds/samples/']);
    const path = 'jsonpath={.items[*].metadata.generation}';
    const generations = await api.mustKubectl(['get', 'rfleet,rdom,splat', '-A', '-o', path]);
    assert.equal(generations, '1 1 1 1 1 1');
  });

  for (const [file, spec] of Object.entries(defaults)) {
    test(`defaults: ${file}`, async () => {
      const [manifest] = readManifests(file);
      assert.ok(manifest !== undefined);
      const path = `${collectionPath(manifest)}?dryRun=All`;
      const renamed = { ...manifest, metadata: { ...manifest.metadata, name: 'defaults' } };
      const { status, body } = await api.call('POST', path, renamed);
      assert.equal(status, 201);
      assert.deepEqual((body as { spec: unknown }).spec, spec);
    });
  }

  for (const { file, status } of fullStatuses) {
    test(`a full status is kept whole: ${file}`, async () => {
      const [manifest] = readManifests(file);
      assert.ok(manifest !== undefined);
      const path = `${collectionPath(manifest)}/${manifest.metadata.name}`;
      const stored = (await api.call('GET', path)).body as Manifest;
      const written = await api.call('PUT', `${path}/status?fieldValidation=Strict`, { ...stored, status });
      assert.equal(written.status, 200, JSON.stringify(written.body));
      assert.deepEqual((written.body as { status: unknown }).status, status);
    });
  }

  test('kubectl wait follows Ready', async () => {
    await api.mustKubectl(['wait', '--for=condition=Ready', '-n', 'mail', 'rdom/news-example-com', '--timeout=10s']);
  });

  test('a status cannot be written beside the spec', async () => {
    const patch = JSON.stringify({ status: { attachedPlatforms: 99 } });
    await api.mustKubectl(['patch', '-n', 'mail', 'rdom/example-com', '--type=merge', '-p', patch]);
    const read = await api.mustKubectl(['get', '-n', 'mail', 'rdom/example-com', '-o', 'jsonpath={.status}']);
    assert.equal(read, '');
  });

  test('kubectl scale changes the number of nodes', async () => {
    await api.mustKubectl(['scale', '-n', 'relayfleet-system', 'rfleet/europe', '--replicas=7']);
    const path = 'jsonpath={.spec.replicas} {.status.replicas} {.status.selector}';
    const scale = await api.mustKubectl([
      'get',
      '-n',
      'relayfleet-system',
      'rfleet/europe',
      '--subresource=scale',
      '-o',
      path,
    ]);
    assert.equal(scale, '7 6 relayfleet.io/fleet=europe');
  });

  test('kubectl get relayfleet lists all three kinds', async () => {
    const listed = await api.mustKubectl(['get', 'relayfleet', '-A', '-o', 'name']);
    for (const name of ['relayfleet.relayfleet.io/europe', 'relaydomain.relayfleet.io/news-example-com'])
      assert.ok(listed.includes(name), listed);
    assert.ok(listed.includes('senderplatform.relayfleet.io/newsletter'), listed);
  });

  test('columns show what people look for', async () => {
    const listed = await api.mustKubectl(['get', 'rdom', '-n', 'mail', 'news-example-com']);
    assert.match(listed, /^NAME +DOMAIN +PLATFORMS +PROGRAMMED +READY +STATUS +AGE\n/);
    assert.match(listed, /\nnews-example-com +news\.example\.com +2 +True +True +Ready +/);
  });

  test('kubectl explain tells what a field is for', async () => {
    const told = await api.mustKubectl(['explain', 'rdom.spec.tls.mode']);
    assert.match(told, /Require never sends in clear/);
  });
});

/** A cluster-wide object needs none; `default` is always there. */
function namespaceOf({ metadata }: Manifest): string {
  return metadata.namespace ?? 'default';
}
