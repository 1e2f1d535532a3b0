import assert from 'node:assert/strict';
import test from 'node:test';
import { addressGroup, createTally, mostOfOneAddress } from './client-address.ts';

const groups: readonly (readonly [address: string, group: string])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
];
for (const [address, group] of groups)
  test(`${address} belongs to ${group}`, () => assert.equal(addressGroup(address), group));

test('neighbours in another /64 are somebody else', () => {
  assert.notEqual(addressGroup('2001:db8:1:2::1'), addressGroup('2001:db8:1:3::1'));
  assert.notEqual(addressGroup('192.0.2.1'), addressGroup('192.0.2.2'));
});

test('one address may have half of the connections, and at least one', () => {
  assert.deepEqual([1, 2, 3, 1000].map(mostOfOneAddress), [1, 1, 2, 500]);
});

test('a tally counts by key, and forgets what is gone', () => {
  const tally = createTally();
  assert.deepEqual([tally.add('a'), tally.add('a'), tally.add('b')], [1, 2, 1]);
  tally.remove('a');
  assert.equal(tally.of('a'), 1);
  tally.remove('a');
  tally.remove('a');
  assert.equal(tally.of('a'), 0);
  assert.equal(tally.of('b'), 1);
});
