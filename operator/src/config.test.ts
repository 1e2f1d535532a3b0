import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from './config.ts';

const file = { RELAYFLEET_PROVIDER: 'file', RELAYFLEET_MANIFESTS: '/m:/n', RELAYFLEET_STATE: '/s' };

test('a cluster needs no variable at all', () => {
  const reading = readConfig({});
  assert.ok(reading.ok);
  assert.deepEqual(reading.config.provider, { kind: 'kubernetes' });
  assert.deepEqual(reading.config.defaultFleet, { namespace: 'relayfleet-system', name: 'default' });
  assert.deepEqual(reading.config.telemetry, { host: '0.0.0.0', port: 9465 });
});

test('one machine names its directories and where its listeners really are', () => {
  const reading = readConfig({
    ...file,
    RELAYFLEET_ENDPOINTS: 'a/b:submissions=localhost:2465, a/b:submission=[::1]:2587,c/d:x=h:1',
    RELAYFLEET_NATS_URL: 'nats://127.0.0.1:4333',
  });
  assert.ok(reading.ok);
  const { provider, endpoints, natsUrl } = reading.config;
  assert.deepEqual(provider.kind === 'file' && [provider.manifests, provider.state], [['/m', '/n'], '/s']);
  assert.ok(provider.kind === 'file' && provider.crds.endsWith('/crds'));
  assert.deepEqual(endpoints.get('a/b')?.get('submission'), { host: '::1', port: 2587 });
  assert.deepEqual([endpoints.get('a/b')?.size, endpoints.get('c/d')?.size, natsUrl], [2, 1, 'nats://127.0.0.1:4333']);
});

for (const [name, value] of [
  ['RELAYFLEET_PROVIDER', 'docker'],
  ['RELAYFLEET_DEFAULT_FLEET', 'default'],
  ['RELAYFLEET_ENDPOINTS', 'a/b=h:1'],
  ['RELAYFLEET_ENDPOINTS', 'a/b:x=h'],
  ['RELAYFLEET_NATS_URL', 'nats://user:pass@h:1'],
  ['RELAYFLEET_TELEMETRY', 'h:99999'],
  ['RELAYFLEET_LOG_LEVEL', 'loud'],
] as const)
  test(`${name}=${value} is refused by name`, () => {
    const reading = readConfig({ ...file, [name]: value });
    assert.ok(!reading.ok && reading.problems.length === 1 && reading.problems[0]?.startsWith(`${name}=`));
  });

test('every missing variable is named at once', () => {
  const reading = readConfig({ RELAYFLEET_PROVIDER: 'file' });
  assert.ok(!reading.ok);
  assert.deepEqual(
    reading.problems.map((problem) => problem.split(' ')[0]),
    ['RELAYFLEET_MANIFESTS', 'RELAYFLEET_STATE'],
  );
});
