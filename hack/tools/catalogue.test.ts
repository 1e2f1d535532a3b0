import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSets, catalogue } from './catalogue.ts';
import type { ToolName } from './catalogue.ts';
import { pinnedVersion, readPins } from './pins.ts';
import { formatVersion, isAtLeast, parseVersion, readVersion } from './version.ts';

// Printed by the very programs.
const printed: Readonly<Record<ToolName, readonly [output: string, version: string]>> = {
  'nats-server': ['nats-server: v2.15.2\n', '2.15.2'],
  etcd: [
    'etcd Version: 3.6.16\nGit SHA: Not provided (use ./build instead of go build)\nGo Version: go1.26.8\n',
    '3.6.16',
  ],
  'kube-apiserver': ['Kubernetes v1.36.3\n', '1.36.3'],
  kubectl: [
    '{\n  "clientVersion": {\n    "major": "1",\n    "minor": "32+",\n    "gitVersion": "v1.32.4-dispatcher"\n  },\n' +
      '  "kustomizeVersion": "v5.5.0"\n}\n',
    '1.32.4-dispatcher',
  ],
};

test('each tool’s own words give its version', () => {
  for (const tool of catalogue) {
    const [output, expected] = printed[tool.name];
    const version = readVersion(output, tool.versionPattern);
    assert.equal(version && formatVersion(version), expected, tool.name);
  }
});

test('go.mod pins every tool at or above its minimum', async () => {
  const pins = readPins(await readFile(join(import.meta.dirname, 'go.mod'), 'utf8'));
  for (const tool of catalogue) {
    const pinned = parseVersion(pinnedVersion(pins, tool.module));
    const minimum = parseVersion(tool.minimum);
    assert.ok(pinned && minimum && isAtLeast(pinned, minimum), tool.name);
  }
});

test('every tool belongs to a set that is built', () => {
  for (const tool of catalogue)
    assert.ok(
      buildSets.some(({ set }) => set === tool.buildSet),
      tool.name,
    );
});

test('releases are offered by platform, over https, with a checksum file beside them', () => {
  const offers = (platform: { os: string; arch: string }): string[] =>
    catalogue.filter((tool) => tool.release('v1.2.3', platform) !== undefined).map((tool) => tool.name);
  assert.deepEqual(offers({ os: 'linux', arch: 'amd64' }), ['nats-server', 'etcd', 'kube-apiserver', 'kubectl']);
  assert.deepEqual(offers({ os: 'darwin', arch: 'arm64' }), ['nats-server', 'etcd', 'kubectl']);
  assert.deepEqual(offers({ os: 'freebsd', arch: 'amd64' }), []);
  assert.deepEqual(offers({ os: 'linux', arch: 'riscv64' }), []);
  for (const tool of catalogue) {
    const release = tool.release('v1.2.3', { os: 'linux', arch: 'amd64' });
    assert.match(release?.url ?? '', /^https:\/\/\S+v1\.2\.3\S*linux/);
    assert.match(release?.checksums ?? '', /^https:\/\/\S+(SHA256SUMS|\.sha256)$/);
  }
});
