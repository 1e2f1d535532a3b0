import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadyFile } from '../ready-file.ts';
import { copyBlock, curl, exampleOf, swaks } from './copy-block.ts';

const ready: ReadyFile = {
  version: 1,
  relayfleet: '0.1.0',
  writtenAt: '2026-11-02T10:00:00.000Z',
  state: '/s',
  manifests: '/m',
  fleet: { namespace: 'relayfleet-system', name: 'default' },
  listeners: [
    { node: 'node-1', name: 'submissions', host: 'localhost', port: 2465, tls: 'implicit' },
    { node: 'node-1', name: 'submission', host: 'localhost', port: 2587, tls: 'starttls' },
  ],
  caFile: "/home/o'brien/ca.crt",
  platforms: [
    { namespace: 'shop', name: 'idle', user: 'idle.shop', password: 'x', domains: [] },
    {
      namespace: 'shop',
      name: 'orders',
      user: 'orders.shop',
      password: "it's $HOME & more",
      domains: [{ domain: 'shop.test', from: ['orders', 'no-reply'] }],
    },
  ],
  receiver: { host: '127.0.0.1', port: 2525, messages: '/s/received' },
  dns: { host: '127.0.0.1', port: 5354 },
  nats: {
    url: 'nats://127.0.0.1:4222',
    reader: { username: 'reader', password: 'r' },
    keeper: { username: 'keeper', password: 'k' },
  },
  parts: [],
};

test('the example uses the first platform that may send, and an address it may use', () => {
  const example = exampleOf(ready);
  assert.equal(example?.platform.name, 'orders');
  assert.equal(example?.from, 'orders@shop.test');
  const anyone = { ...ready, platforms: [{ ...ready.platforms[1]!, domains: [{ domain: 'a.test', from: ['*'] }] }] };
  assert.equal(exampleOf(anyone)?.from, 'hello@a.test');
});

test('what a shell would expand or split is quoted', () => {
  const example = exampleOf(ready)!;
  const [line] = swaks(example);
  assert.match(line ?? '', /--tls-ca-path '\/home\/o'\\''brien\/ca\.crt'/);
  assert.match(swaks(example).join('\n'), /--auth-password 'it'\\''s \$HOME & more'/);
  assert.match(curl(example).join('\n'), /--user 'orders\.shop:it'\\''s \$HOME & more'/);
});

test('a listener that is not there brings no command that could not work', () => {
  const implicitOnly = copyBlock({ ...ready, listeners: ready.listeners.slice(0, 1) });
  assert.doesNotMatch(implicitOnly, /swaks/);
  assert.match(implicitOnly, /curl/);
  assert.match(copyBlock({ ...ready, platforms: [] }), /No platform may send yet/);
});
