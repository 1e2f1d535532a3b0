import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bindingData, type BindingFacts } from './binding-secret.ts';

const facts: BindingFacts = {
  username: 'webshop.shop',
  password: 'p',
  host: 'relay.example.com',
  listeners: [
    { name: 'submissions', port: 465, mode: 'Implicit' },
    { name: 'submission', port: 587, mode: 'StartTLS' },
  ],
  endpoints: new Map(),
  ca: undefined,
  domains: ['example.com', 'example.org'],
};

test('user and password come back from the URI whatever characters they hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 12 }), (password) => {
      const url = new URL(bindingData({ ...facts, password })['uri'] ?? '');
      assert.deepEqual(
        [decodeURIComponent(url.username), decodeURIComponent(url.password)],
        ['webshop.shop', password],
      );
      assert.deepEqual([url.protocol, url.hostname, url.port], ['smtps:', 'relay.example.com', '465']);
    }),
  );
});

test('without an implicit TLS listener the URI and port are those of STARTTLS', () => {
  const data = bindingData({ ...facts, listeners: [{ name: 'submission', port: 587, mode: 'StartTLS' }] });
  assert.equal(data['uri'], 'smtp://webshop.shop:p@relay.example.com:587');
  assert.deepEqual([data['port'], data['starttls-port']], ['587', '587']);
});

test('an endpoint overrides host and port; an IPv6 host is bracketed in the URI alone', () => {
  const data = bindingData({ ...facts, endpoints: new Map([['submissions', { host: '::1', port: 2465 }]]) });
  assert.deepEqual([data['host'], data['port']], ['::1', '2465']);
  assert.equal(data['uri'], 'smtps://webshop.shop:p@[::1]:2465');
});
