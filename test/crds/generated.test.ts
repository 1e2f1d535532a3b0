// Every generated file is what its generator makes now: nobody edited it, and nobody forgot `npm run gen`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedFiles } from '../../hack/gen/generated.ts';
import { findStale } from '../../hack/gen/stale.ts';
import { root } from './manifests.ts';

test('generated files are fresh', async () => {
  const stale = await findStale(root, generatedFiles(root));
  assert.deepEqual(
    stale.map(({ path }) => path),
    [],
    'run: npm run gen',
  );
});
