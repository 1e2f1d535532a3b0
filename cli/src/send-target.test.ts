import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadyFile } from './local/ready-file.ts';
import { targetOfReadyFile } from './send-target.ts';

const ready = {
  caFile: '/nowhere/ca.crt',
  listeners: [
    { node: 'node-1', name: 'submissions', host: 'localhost', port: 2465, tls: 'implicit' },
    { node: 'node-1', name: 'submission', host: 'localhost', port: 2587, tls: 'starttls' },
    { node: 'node-2', name: 'submissions', host: 'localhost', port: 2466, tls: 'implicit' },
  ],
  platforms: [
    {
      namespace: 'shop',
      name: 'orders',
      user: 'orders.shop',
      password: 'a',
      domains: [{ domain: 'shop.test', from: ['*'] }],
    },
    {
      namespace: 'news',
      name: 'letter',
      user: 'letter.news',
      password: 'b',
      domains: [{ domain: 'news.test', from: ['news'] }],
    },
  ],
} as unknown as ReadyFile;

function target(request: Partial<Parameters<typeof targetOfReadyFile>[1]>): unknown {
  const found = targetOfReadyFile(ready, { platform: undefined, node: undefined, tls: 'implicit', ...request });
  return typeof found === 'string' ? found : [found.host, found.port, found.user, found.from];
}

test('without a wish it is the first platform and the first node', () => {
  assert.deepEqual(target({}), ['localhost', 2465, 'orders.shop', 'hello@shop.test']);
});

test('platform, node and TLS mode can be wished for', () => {
  assert.deepEqual(target({ platform: { namespace: 'news', name: 'letter' }, node: 'node-2' }), [
    'localhost',
    2466,
    'letter.news',
    'news@news.test',
  ]);
  assert.deepEqual(target({ tls: 'starttls' }), ['localhost', 2587, 'orders.shop', 'hello@shop.test']);
});

test('what is not there is said, with what is', () => {
  assert.equal(
    target({ platform: { namespace: 'shop', name: 'other' } }),
    'platform shop/other may not send now; see "relayfleet status"',
  );
  assert.equal(target({ node: 'node-7' }), 'no implicit listener of node-7; there are node-1, node-2');
  assert.equal(target({ node: 'node-2', tls: 'starttls' }), 'no starttls listener of node-2; there are node-1, node-2');
});
