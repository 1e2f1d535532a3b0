// A generated file is stale when it is missing or differs from what its generator makes, once formatted.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findStale } from './stale.ts';

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'relayfleet-gen-'));
});
after(() => rm(root, { recursive: true }));

const page = { path: 'page.md', make: () => '# Title\n* one\n' };

test('a missing file is stale', async () => {
  assert.deepEqual(await findStale(root, [page]), [{ path: 'page.md', text: '# Title\n\n- one\n' }]);
});

test('a file with the formatted text is fresh', async () => {
  await writeFile(join(root, 'page.md'), '# Title\n\n- one\n');
  assert.deepEqual(await findStale(root, [page]), []);
});

test('an edited file is stale', async () => {
  await writeFile(join(root, 'page.md'), '# Title\n\n- two\n');
  assert.equal((await findStale(root, [page])).length, 1);
});
