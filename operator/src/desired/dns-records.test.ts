import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DomainKey } from '../reconcile/resolved.ts';
import { dnsRecords } from './dns-records.ts';

const base64 = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const key: fc.Arbitrary<DomainKey> = fc.record({
  selector: fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/),
  algorithm: fc.constant('any'),
  keyType: fc.constantFrom('rsa', 'ed25519'),
  publicKey: base64,
  secretName: fc.constant('s'),
});
const keys = fc.uniqueArray(key, { selector: ({ selector }) => selector, maxLength: 3 });
const addresses = fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 4 });

test('whoever publishes exactly the records asked for is told Ok for each of them', () => {
  fc.assert(
    fc.property(keys, addresses, (domainKeys, ips) => {
      const wanted = dnsRecords('example.com', domainKeys, ips, undefined);
      assert.ok(wanted.every(({ state }) => state === 'Unknown'));
      const txt = new Map(wanted.map(({ name, value }) => [name, [value]]));
      const seen = dnsRecords('example.com', domainKeys, ips, { txt });
      assert.ok(seen.every(({ state }) => state === 'Ok'));
    }),
  );
});

test('a revoked, another or a second key record is a mismatch, an empty answer is a missing record', () => {
  const mine: DomainKey = {
    selector: 's',
    algorithm: 'Ed25519',
    keyType: 'ed25519',
    publicKey: 'QUJD',
    secretName: 'n',
  };
  const state = (texts: readonly string[]) =>
    dnsRecords('example.com', [mine], [], { txt: new Map([['s._domainkey.example.com', texts]]) })[0]?.state;
  assert.equal(state(['v=DKIM1; k=ed25519; p=QU JD']), 'Ok'); // RFC 6376 §3.2: white space in p= does not count
  assert.equal(state(['v=DKIM1; k=ed25519; p=']), 'Mismatch');
  assert.equal(state(['v=DKIM1; p=QUJD']), 'Mismatch');
  assert.equal(state(['v=DKIM1; k=ed25519; p=QUJD', 'v=DKIM1; k=ed25519; p=QUJD']), 'Mismatch');
  assert.equal(state([]), 'Missing');
});
