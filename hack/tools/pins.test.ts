import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedVersion, readPins } from './pins.ts';

const goMod = `module example.invalid/tools

go 1.26.0

require github.com/one/alone v0.1.0

require (
	github.com/nats-io/nats-server/v2 v2.15.2
	k8s.io/api v0.0.0 // indirect
)

replace (
	k8s.io/api => k8s.io/api v0.36.3
)

tool (
	github.com/nats-io/nats-server/v2
)
`;

test('reads the go line and what is required, directly or not', () => {
  const pins = readPins(goMod);
  assert.equal(pins.go, '1.26.0');
  assert.deepEqual(
    [...pins.versions],
    [
      ['github.com/one/alone', 'v0.1.0'],
      ['github.com/nats-io/nats-server/v2', 'v2.15.2'],
      ['k8s.io/api', 'v0.0.0'],
    ],
  );
});

test('a module that is not pinned, or a file that is no go.mod, is a fault', () => {
  assert.throws(() => pinnedVersion(readPins(goMod), 'github.com/else'), /does not require github.com\/else/);
  assert.throws(() => readPins('module x\n'), /no go line/);
});
