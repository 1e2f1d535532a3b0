import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { checksumFor, fetchRelease } from './release.ts';
import type { Fetch, ReleaseResult } from './release.ts';

const program = Buffer.from('#!/bin/sh\necho tool 1.2.3\n');
const sha256 = createHash('sha256').update(program).digest('hex');
const release = { url: 'https://publisher.invalid/v1/tool', checksums: 'https://publisher.invalid/v1/tool.sha256' };

/** A publisher that serves these texts by address, and 404 for the rest. */
const publisher =
  (files: Readonly<Record<string, Buffer | string>>): Fetch =>
  async (url) => {
    const body = files[url];
    return body === undefined ? new Response('gone', { status: 404 }) : new Response(new Uint8Array(Buffer.from(body)));
  };

async function take(context: TestContext, fetch: Fetch): Promise<{ result: ReleaseResult; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'release-test-'));
  context.after(() => rm(folder, { recursive: true }));
  return { result: await fetchRelease('tool', release, folder, { fetch }), folder };
}

test('finds a file’s hash in the forms publishers use', () => {
  const a = 'a'.repeat(64);
  const b = 'B'.repeat(64);
  assert.equal(checksumFor(`${a}\n`, 'tool'), a);
  assert.equal(checksumFor(`${a}  tool.tar.gz.sbom\n${b} *tool.tar.gz\n`, 'tool.tar.gz'), b.toLowerCase());
  assert.equal(checksumFor(`${a}  other\n`, 'tool'), undefined);
  assert.equal(checksumFor('<html>not found</html>', 'tool'), undefined);
  assert.equal(checksumFor('', 'tool'), undefined);
});

test('keeps a program whose hash the publisher lists, and makes it executable', async (context) => {
  const fetch = publisher({ [release.url]: program, [release.checksums]: `${sha256}\n` });
  const { result, folder } = await take(context, fetch);
  assert.deepEqual(result, { kind: 'fetched', path: join(folder, 'tool') });
  assert.deepEqual(await readFile(join(folder, 'tool')), program);
  assert.equal((await stat(join(folder, 'tool'))).mode & 0o111, 0o111);
});

test('refuses a program that is not the one the publisher lists', async (context) => {
  const fetch = publisher({ [release.url]: 'something else', [release.checksums]: `${sha256}\n` });
  const { result } = await take(context, fetch);
  assert.equal(result.kind, 'failed');
  assert.match(result.kind === 'failed' ? result.problem : '', new RegExp(`publisher lists ${sha256}: refused$`));
});

test('downloads nothing that has no checksum, and says which address failed', async (context) => {
  const noList = await take(context, publisher({ [release.url]: program }));
  assert.deepEqual(noList.result, { kind: 'failed', problem: `${release.checksums}: HTTP 404` });
  assert.deepEqual(await readdir(noList.folder), []);
  const other = await take(context, publisher({ [release.url]: program, [release.checksums]: `${sha256}  other\n` }));
  assert.deepEqual(other.result, { kind: 'failed', problem: `${release.checksums} does not list tool` });
  assert.deepEqual(await readdir(other.folder), []);
});

test('names the reason when the publisher cannot be reached', async (context) => {
  const { result } = await take(context, () =>
    Promise.reject(new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND publisher.invalid') })),
  );
  assert.deepEqual(result, {
    kind: 'failed',
    problem: `${release.checksums}: getaddrinfo ENOTFOUND publisher.invalid`,
  });
});
