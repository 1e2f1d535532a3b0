import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from './catalogue.ts';
import { buildCommand, recipeText } from './recipe.ts';

const pins = { go: '1.26.0', versions: new Map([['k8s.io/kubernetes', 'v1.36.3']]) };
const machine = { cores: 2, memoryBytes: 24 * 2 ** 30 };
const natsOnly = catalogue.filter((tool) => tool.name === 'nats-server');

test('one tool is built without the others', () => {
  const { args } = buildCommand(natsOnly, pins, '/bench', machine);
  assert.deepEqual(args.slice(-3), ['-o', '/bench/', 'github.com/nats-io/nats-server/v2']);
});

test('the Kubernetes programs are stamped with their version', () => {
  const { args } = buildCommand(catalogue, pins, '/bench', machine);
  const linker = args.find((arg) => arg.startsWith('-ldflags=')) ?? '';
  for (const variables of ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']) {
    assert.ok(linker.includes(`-X ${variables}.gitVersion=v1.36.3 `));
    assert.ok(linker.includes(`-X ${variables}.gitMinor=36 `));
  }
});

test('the user’s Go settings do not change what is built', () => {
  const { env } = buildCommand(natsOnly, pins, '/bench', machine);
  const { GOFLAGS, GOWORK, GOOS, GOARCH, CGO_ENABLED } = env as Record<string, string | undefined>;
  assert.deepEqual([GOFLAGS, GOWORK, GOOS, GOARCH, CGO_ENABLED], ['-mod=readonly', 'off', '', '', '0']);
});

test('compilers stay within half the memory, and neither memory nor cores change the cache key', () => {
  const limit = (cores: number, gibibytes: number): string | undefined =>
    buildCommand(natsOnly, pins, '/bench', { cores, memoryBytes: gibibytes * 2 ** 30 }).env['GOMEMLIMIT'];
  assert.equal(limit(2, 24), '4096MiB');
  assert.equal(limit(8, 8), '512MiB');
  assert.equal(limit(64, 8), '256MiB');
  assert.ok(!recipeText(pins).includes('GOMEMLIMIT'));
});

test('the recipe changes with the version that is stamped', () => {
  const other = { ...pins, versions: new Map([['k8s.io/kubernetes', 'v1.36.4']]) };
  assert.notEqual(recipeText(other), recipeText(pins));
});
