// What the API server accepts, the file provider accepts, and both make the same object of it: every sample and example,
// with every default filled in. The other side of the comparison is a real API server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { collectionPath, readManifests, yamlFiles, type Manifest } from '../crds/manifests.ts';
import { startKubeApi, type KubeApi } from '../harness/kube-api.ts';
import { judge } from './file-provider.ts';

const shown = [...yamlFiles('crds/samples'), ...yamlFiles('examples')];
const ours = (manifest: Manifest) => manifest.apiVersion.startsWith('relayfleet.io/');

let api: KubeApi;
before(async () => {
  api = await startKubeApi();
  await api.mustKubectl(['apply', '-f', 'crds/']);
  await api.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  const namespaces = new Set(shown.flatMap((file) => readManifests(file)).map(({ metadata }) => metadata.namespace));
  for (const name of namespaces)
    await api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
});
after(() => api?.stop());

for (const file of shown) {
  for (const manifest of readManifests(file)) {
    test(`accepted alike: ${file}, ${manifest.kind} ${manifest.metadata.name}`, async () => {
      const judged = judge([manifest]);
      if (!judged.ok) assert.fail(judged.problems.join('\n'));
      if (!ours(manifest)) return;
      const answer = await api.call('POST', `${collectionPath(manifest)}?dryRun=All&fieldValidation=Strict`, manifest);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      assert.deepEqual(judged.object['spec'], (answer.body as { readonly spec: unknown }).spec);
    });
  }
}
