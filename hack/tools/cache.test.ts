import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheKey, cacheRoot, folderName, servingFolders } from './cache.ts';
import type { CacheInputs } from './cache.ts';

const inputs: CacheInputs = {
  goMod: 'module a',
  goSum: 'sum',
  sources: 'package main',
  recipe: 'flags',
  platform: { os: 'linux', arch: 'amd64' },
};

test('the cache is in the place that the environment names', () => {
  assert.equal(cacheRoot({}, '/home/u'), '/home/u/.cache/relayfleet/tools');
  assert.equal(cacheRoot({ XDG_CACHE_HOME: '/var/c' }, '/home/u'), '/var/c/relayfleet/tools');
  assert.equal(cacheRoot({ XDG_CACHE_HOME: 'c' }, '/home/u'), '/home/u/.cache/relayfleet/tools');
  assert.equal(
    cacheRoot({ XDG_CACHE_HOME: '', RELAYFLEET_TOOLS_DIR: '' }, '/home/u'),
    '/home/u/.cache/relayfleet/tools',
  );
  assert.equal(cacheRoot({ XDG_CACHE_HOME: '/var/c', RELAYFLEET_TOOLS_DIR: '/t' }, '/home/u'), '/t');
});

test('the key is stable, and changes with each input', () => {
  const key = cacheKey(inputs);
  assert.equal(cacheKey({ ...inputs }), key);
  assert.match(key, /^[0-9a-f]{16}-linux-amd64$/);
  const changed: readonly Partial<CacheInputs>[] = [
    { goMod: 'module b' },
    { goSum: 'sum2' },
    { sources: 'package other' },
    { recipe: 'flags2' },
    { platform: { os: 'darwin', arch: 'amd64' } },
    { platform: { os: 'linux', arch: 'arm64' } },
    { goMod: 'module as', goSum: 'um' }, // The same characters, divided otherwise.
  ];
  const keys = new Set(changed.map((change) => cacheKey({ ...inputs, ...change })));
  assert.equal(keys.size, changed.length);
  assert.ok(!keys.has(key));
});

test('with Go only that Go’s folder serves; without, any of the same pins', () => {
  const key = 'abc-linux-amd64';
  const existing = [`${key}-release`, 'old-linux-amd64-go1.26.8', `${key}-go1.26.8`];
  assert.deepEqual(servingFolders(key, 'go1.27.0', existing), [folderName(key, 'go1.27.0')]);
  assert.deepEqual(servingFolders(key, undefined, existing), [`${key}-go1.26.8`, `${key}-release`]);
});
