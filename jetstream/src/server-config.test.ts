import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsPermissions, natsRoles } from '@relayfleet/contract/nats-roles.ts';
import { natsServerConfig, type NatsServerOptions } from './server-config.ts';

const options: NatsServerOptions = {
  host: '127.0.0.1',
  port: 4222,
  storeDir: '/var/lib/nats "1"',
  users: {
    operator: { username: 'operator', password: 'a"b\\c$d' },
    node: { username: 'node', password: 'n' },
    reader: { username: 'reader', password: 'r' },
    keeper: { username: 'keeper', password: 'k' },
  },
};

test('a server syncs every write unless a test asks otherwise', () => {
  assert.match(natsServerConfig(options), /^ {2}sync_interval: always$/m);
  assert.doesNotMatch(natsServerConfig({ ...options, syncAlways: false }), /sync_interval/);
});

test('every role has its user with exactly the contract’s subjects', () => {
  const lines = natsServerConfig(options).split('\n');
  for (const role of natsRoles) {
    const line = lines.find((text) => text.includes(`user: "${role}"`)) ?? '';
    const quoted = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([text]) => JSON.parse(text) as string);
    const { publish, subscribe } = natsPermissions(role);
    assert.deepEqual(quoted, [role, options.users[role].password, ...publish, ...subscribe]);
  }
});

test('there is no monitoring port and no store limit unless asked for', () => {
  assert.doesNotMatch(natsServerConfig(options), /http|max_file_store/);
  const more = natsServerConfig({ ...options, monitorPort: 8222, maxFileStore: 5 });
  assert.match(more, /^http: "127\.0\.0\.1:8222"$/m);
  assert.match(more, /^ {2}max_file_store: 5$/m);
});
