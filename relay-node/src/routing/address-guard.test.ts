import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAddressGuard } from './address-guard.ts';

const refused: Readonly<Record<string, string>> = {
  '127.0.0.1': 'loopback',
  '127.255.255.254': 'loopback, its far end',
  '0.0.0.0': 'this host',
  '0.1.2.3': 'this network',
  '10.0.0.1': 'private',
  '172.16.0.1': 'private',
  '172.31.255.255': 'private',
  '192.168.1.1': 'private',
  '100.64.0.1': 'carrier-grade NAT',
  '169.254.169.254': 'link-local: cloud metadata',
  '192.0.0.8': 'IETF protocol assignments',
  '192.0.2.1': 'documentation',
  '198.51.100.7': 'documentation',
  '203.0.113.9': 'documentation',
  '198.18.0.1': 'benchmarking',
  '224.0.0.1': 'multicast',
  '240.0.0.1': 'reserved',
  '255.255.255.255': 'broadcast',
  '::': 'unspecified',
  '::1': 'loopback',
  '::ffff:127.0.0.1': 'mapped loopback',
  '::ffff:10.0.0.1': 'mapped private',
  '::ffff:a9fe:a9fe': 'mapped metadata, in hexadecimal',
  '::127.0.0.1': 'IPv4-compatible loopback',
  '::ffff:0:127.0.0.1': 'translated (RFC 6145)',
  '64:ff9b::7f00:1': 'NAT64 of loopback',
  '64:ff9b:1::a00:1': 'local-use NAT64',
  '2002:7f00:1::': '6to4 of loopback',
  '2001:0:4136:e378::1': 'Teredo',
  '2001:db8::1': 'documentation',
  'fc00::1': 'unique local',
  'fd12:3456::1': 'unique local',
  'fe80::1': 'link-local',
  'fe80::1%eth0': 'link-local with a zone',
  'fec0::1': 'site-local, deprecated',
  'ff02::1': 'multicast',
  '100::1': 'discard-only',
};

const notAddresses = [
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.0.0.1.',
  ' 8.8.8.8',
  '8.8.8.8:25',
  '[::1]',
  '',
  'localhost',
  '8.8.8',
  '8.8.8.8/32',
  '1.2.3.4.5',
  '::g',
  '٨.8.8.8',
];

for (const [address, kind] of Object.entries(refused))
  test(`refuses ${address} (${kind})`, () => assert.equal(createAddressGuard([])(address), false));

test('refuses what is not strictly an address, even with everything allowed', () => {
  const guard = createAddressGuard(['0.0.0.0/0', '::/0']);
  for (const text of notAddresses) assert.equal(guard(text), false, JSON.stringify(text));
});

test('allows public unicast, also in its mapped form', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])
    assert.equal(createAddressGuard([])(address), true, address);
});

test('allows a private network its owner listed, and no other', () => {
  const guard = createAddressGuard(['10.1.0.0/16', 'fd00:1::/32', '127.0.0.1/32']);
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::9', '127.0.0.1'])
    assert.equal(guard(address), true, address);
  for (const address of ['10.2.0.1', 'fd00:2::9', '127.0.0.2', '::1']) assert.equal(guard(address), false, address);
});

test('a list entry that is no network allows nothing', () => {
  for (const entry of ['10.0.0.0', '10.0.0.0/33', 'everything', ''])
    assert.equal(createAddressGuard([entry])('10.0.0.1'), false, entry);
});
