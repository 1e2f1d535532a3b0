import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownAddressCheck } from './own-addresses.ts';

const local = ['127.0.0.1', '192.0.2.7', '::1', '2001:db8::7'];
const own = (...hosts: string[]) => {
  const check = ownAddressCheck([...hosts.map((host) => ({ host, port: 25 })), { host: '::', port: 465 }], 25, local);
  return check && [...local, '192.0.2.8'].filter(check);
};

test('a node that listens on other ports is nobody’s next hop', () => {
  assert.equal(own(), undefined);
});

test('it answers at the address it listens on, and at all of its machine where it listens on all', () => {
  assert.deepEqual(own('192.0.2.7'), ['192.0.2.7']);
  assert.deepEqual(own('0.0.0.0'), ['127.0.0.1', '192.0.2.7']);
  assert.deepEqual(own('::'), local);
  assert.deepEqual(own('::1', '192.0.2.8'), ['::1', '192.0.2.8']);
});
