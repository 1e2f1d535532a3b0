// The file provider refuses what a real API server refuses, for the same field with the same message, and takes what it takes.
// The samples are the ones test/crds proves on a kube-apiserver, so the two cannot drift apart.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validateManifestText } from '@relayfleet/operator/provider/file/manifest-text.ts';
import { kindsFromCrds } from '@relayfleet/operator/provider/file/schema/kinds.ts';
import { createValidator, type Validated } from '@relayfleet/operator/provider/file/schema/validate.ts';
import { refusedSamples, root, yamlFiles, type Manifest } from '../crds/manifests.ts';

const crds = ['relayfleet', 'relaydomain', 'senderplatform'].map((name) =>
  readFileSync(join(root, 'crds', `${name}.yaml`), 'utf8'),
);
const validator = createValidator(kindsFromCrds(crds));

for (const sample of refusedSamples()) {
  test(`refused: ${sample.name}`, () => {
    const stored = sample.accepted.reduce<Validated | undefined>((_, manifest) => accepted(manifest), undefined);
    const result = validator.validate(sample.refused, stored?.ok ? stored.object : undefined);
    assert.ok(!result.ok, 'accepted');
    assert.ok(
      result.problems.some((problem) => isAt(problem, sample.at) && problem.includes(sample.expect)),
      JSON.stringify(result.problems, null, 2),
    );
  });
}

for (const file of [...yamlFiles('crds/samples'), ...yamlFiles('examples')]) {
  test(`accepted: ${file}`, () => {
    const documents = validateManifestText(readFileSync(join(root, file), 'utf8'), validator);
    assert.ok(documents.length > 0);
    for (const { result } of documents) assert.deepEqual(result.ok ? [] : result.problems, []);
  });
}

function accepted(manifest: Manifest): Validated {
  const result = validator.validate(manifest);
  assert.deepEqual(result.ok ? [] : result.problems, []);
  return result;
}

function isAt(problem: string, path: string): boolean {
  return problem.startsWith(`${path}: `) || problem.startsWith(`unknown field "${path}"`);
}
