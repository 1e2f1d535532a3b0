import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadyFile } from './local/ready-file.ts';
import { callOf } from './queue/testing/call.ts';
import { sendCommand } from './send/command.ts';
import { findTarget, targetOfReadyFile } from './send-target.ts';

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
  assert.equal(
    target({ node: 'node-7' }),
    'no listener with TLS from the first byte on node-7; nodes are node-1, node-2',
  );
  assert.equal(
    target({ node: 'node-2', tls: 'starttls' }),
    'no listener with STARTTLS on node-2; nodes are node-1, node-2',
  );
});

test('nodes of a cluster have no names here', async () => {
  const command = sendCommand(findTarget);
  const call = callOf(command, '--to', 'a@b.test', '--context', 'prod', '--node', 'node-1');
  const terminal = { out: assert.fail, err: assert.fail, ask: undefined, interruption: assert.fail, env: {}, cwd: '/' };
  const found = await findTarget(call, terminal, { platform: undefined, node: 'node-1', tls: 'implicit' });
  assert.match(String(found), /leave --node out/);
});
