// Every CEL rule in crds/ has a refused sample that states its message at its place: a new rule without one fails here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crdFiles, readCrd, type Schema } from '../../hack/gen/crd.ts';
import { refusedSamples, root } from './manifests.ts';

type PlacedRule = { readonly kind: string; readonly path: string; readonly message: string };

const rules = crdFiles.flatMap((file) => {
  const { kind, schema } = readCrd(root, file);
  return rulesBelow('', schema).map((rule): PlacedRule => ({ kind, ...rule }));
});
const samples = refusedSamples();

test('the rules are found at all', () => {
  assert.ok(rules.length >= 30, `${rules.length} rules`);
});

for (const { kind, path, message } of rules) {
  test(`${kind} ${path}: ${message}`, () => {
    const covered = samples.some(
      ({ refused, at, expect }) =>
        refused.kind === kind && at.replaceAll(/\[\d+\]/g, '[]') === path && expect === message,
    );
    assert.ok(covered, `add a sample to test/crds/refused with "# expect: ${message}" and "# at: ${path}"`);
  });
}

function rulesBelow(path: string, schema: Schema): readonly Omit<PlacedRule, 'kind'>[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ message }) => ({ path, message }));
  const fields = Object.entries(schema.properties ?? {});
  const below = fields.flatMap(([name, field]) => rulesBelow(path === '' ? name : `${path}.${name}`, field));
  return [...own, ...below, ...(schema.items === undefined ? [] : rulesBelow(`${path}[]`, schema.items))];
}
