// A real API server refuses every sample of refused/, for the reason the sample states and for no other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startKubeApi, type ApiAnswer, type KubeApi } from '../harness/kube-api.ts';
import { collectionPath, refusedSamples, type Manifest } from './manifests.ts';

let api: KubeApi;
before(async () => {
  api = await startKubeApi();
  await api.mustKubectl(['apply', '-f', 'crds/']);
  await api.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  await api.mustKubectl(['create', 'namespace', 'refused']);
});
after(() => api?.stop());

for (const sample of refusedSamples()) {
  test(`refused: ${sample.name}`, async () => {
    const stored = await createAll(sample.accepted);
    const answer = await (stored === undefined ? create(sample.refused) : replace(stored, sample.refused));
    assert.ok(answer.status === 422 || answer.status === 400, `accepted with status ${answer.status}`);
    const causes = causesOf(answer);
    assert.ok(
      causes.some(({ field, message }) => field === sample.at && message.includes(sample.expect)),
      JSON.stringify(causes, null, 2),
    );
    const others = causes.filter(({ field }) => !field.startsWith(sample.at));
    assert.deepEqual(others, [], 'refused for another reason too');
  });
}

type Cause = { readonly field: string; readonly message: string };

/** Creates the objects and returns the last one as stored; undefined when there is none. */
async function createAll(manifests: readonly Manifest[]): Promise<Manifest | undefined> {
  let stored: Manifest | undefined;
  for (const manifest of manifests) {
    const { status, body } = await api.call('POST', collectionPath(manifest), manifest);
    assert.equal(status, 201, JSON.stringify(body));
    stored = body as Manifest;
  }
  return stored;
}

/** Strict, as kubectl asks for it; dry, so that samples do not meet one another. */
const query = '?dryRun=All&fieldValidation=Strict';

function create(manifest: Manifest): Promise<ApiAnswer> {
  return api.call('POST', `${collectionPath(manifest)}${query}`, manifest);
}

function replace(stored: Manifest, manifest: Manifest): Promise<ApiAnswer> {
  const body = { ...manifest, metadata: stored.metadata };
  return api.call('PUT', `${collectionPath(manifest)}/${manifest.metadata.name}${query}`, body);
}

/** Said beside the real cause: that nothing else was checked, that neither of two formats fits. */
const companions = /some validation rules were not checked|must validate at least one schema/;

/** What a metav1.Status says, field by field. An unknown field is told in the message alone. */
function causesOf({ body }: ApiAnswer): readonly Cause[] {
  const { message = '', details } = body as {
    readonly message?: string;
    readonly details?: { readonly causes?: readonly Partial<Cause>[] };
  };
  const unknown = /unknown field "([^"]+)"/.exec(message);
  if (unknown !== null) return [{ field: unknown[1] ?? '', message }];
  return (details?.causes ?? [])
    .map((cause) => ({ field: (cause.field ?? '').replace(/^\./, ''), message: cause.message ?? '' }))
    .filter((cause) => !companions.test(cause.message));
}
