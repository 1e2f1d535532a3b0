// A generated file is stale when it is missing or differs from what its generator makes, once formatted.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findStale } from './stale.ts';

const page = { path: 'page.md', make: () => '# Title\n* one\n' };

/** A tree of its own, which holds `page.md` with that text, or nothing. */
async function tree(t: TestContext, text?: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'relayfleet-gen-'));
  t.after(() => rm(root, { recursive: true }));
  if (text !== undefined) await writeFile(join(root, 'page.md'), text);
  return root;
}

test('a missing file is stale', async (t) => {
  assert.deepEqual(await findStale(await tree(t), [page]), [{ path: 'page.md', text: '# Title\n\n- one\n' }]);
});

test('a file with the formatted text is fresh', async (t) => {
  assert.deepEqual(await findStale(await tree(t, '# Title\n\n- one\n'), [page]), []);
});

test('an edited file is stale', async (t) => {
  assert.equal((await findStale(await tree(t, '# Title\n\n- two\n'), [page])).length, 1);
});
