import assert from 'node:assert/strict';
import test from 'node:test';
import { readConfig } from './config.ts';

const least = { RELAYFLEET_BOOTSTRAP_DIR: '/b', RELAYFLEET_TLS_DIR: '/t' };
const read = (env: Record<string, string> = {}) => {
  const reading = readConfig({ ...least, ...env });
  assert.ok(reading.ok, reading.ok ? '' : reading.problems.join());
  return reading.config;
};
const problems = (env: Record<string, string>) => {
  const reading = readConfig(env);
  return reading.ok ? [] : reading.problems;
};

test('two directories are all a node must be told', () => {
  const config = read();
  assert.deepEqual(config.listeners, [
    { mode: 'implicit', host: '0.0.0.0', port: 2465 },
    { mode: 'starttls', host: '0.0.0.0', port: 2587 },
  ]);
  assert.deepEqual([config.telemetry.port, config.concurrency, config.smtpPort, config.dnsServers], [9464, 50, 25, []]);
  assert.ok(Object.isFrozen(config));
  assert.deepEqual(
    problems({}).map((problem) => problem.split(' ')[0]),
    ['RELAYFLEET_BOOTSTRAP_DIR', 'RELAYFLEET_TLS_DIR'],
  );
});

test('reads what it is given', () => {
  const config = read({
    RELAYFLEET_NODE_NAME: 'node-1',
    RELAYFLEET_LISTENERS: 'implicit:127.0.0.1:0, starttls:[::1]:587',
    RELAYFLEET_DNS_SERVERS: '127.0.0.1:5353,[::1]:53',
    RELAYFLEET_LOG_LEVEL: 'debug',
  });
  assert.deepEqual(config.listeners[1], { mode: 'starttls', host: '::1', port: 587 });
  assert.deepEqual([config.node, config.logLevel, config.dnsServers.length], ['node-1', 'debug', 2]);
});

test('names the variable that cannot be used, with its meaning', () => {
  const wrong: Record<string, string> = {
    RELAYFLEET_NODE_NAME: 'a node',
    RELAYFLEET_LISTENERS: 'plain:127.0.0.1:25',
    RELAYFLEET_TELEMETRY: '9464',
    RELAYFLEET_DNS_SERVERS: 'resolver.test:53',
    RELAYFLEET_SMTP_PORT: '0',
    RELAYFLEET_CONCURRENCY: 'many',
    RELAYFLEET_RETRY_DELAYS: '5 minutes',
    RELAYFLEET_LOG_LEVEL: 'loud',
  };
  for (const [name, value] of Object.entries(wrong)) {
    const [problem = '', ...more] = problems({ ...least, [name]: value });
    assert.ok(problem.startsWith(`${name}=${value} cannot be used: `), problem);
    assert.equal(more.length, 0);
  }
});

test('reads waiting times with their units; none means the standard schedule', () => {
  assert.deepEqual(read().retryDelays, []);
  assert.deepEqual(read({ RELAYFLEET_RETRY_DELAYS: '30s, 5m,4h' }).retryDelays, [30_000, 300_000, 14_400_000]);
});
