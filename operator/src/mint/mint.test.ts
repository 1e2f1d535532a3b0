import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { fleetKeyFields } from '../owned-secrets.ts';
import type { MintRequest, WantedSecret } from '../plan.ts';
import { mint } from './mint.ts';

const now = Date.UTC(2026, 0, 1);
const deps = { now: () => now, randomBytes };
const empty: WantedSecret = {
  ref: { namespace: 'ns', name: 'n' },
  type: 'Opaque',
  owner: { kind: 'RelayFleet', name: 'default', uid: 'u' },
  labels: {},
  annotations: {},
  data: {},
};

test('DKIM keys of both algorithms are added to those the Secret had', async () => {
  const request: MintRequest = {
    kind: 'DkimKeys',
    secret: { ...empty, data: { 'old.key': 'kept' } },
    keys: [
      { selector: 'a', algorithm: 'RSA2048' },
      { selector: 'b', algorithm: 'Ed25519' },
    ],
  };
  const { data } = await mint(request, deps);
  assert.deepEqual(Object.keys(data).toSorted(), ['a.key', 'b.key', 'old.key']);
  assert.equal(createPrivateKey(data['a.key']!).asymmetricKeyDetails?.modulusLength, 2048);
  assert.equal(createPrivateKey(data['b.key']!).asymmetricKeyType, 'ed25519');
});

test('a password is 256 bits in base64url and differs each time', async () => {
  const request: MintRequest = { kind: 'PlatformPassword', secret: empty };
  const [one, two] = await Promise.all([mint(request, deps), mint(request, deps)]);
  assert.match(one.data['password']!, /^[A-Za-z0-9_-]{43}$/);
  assert.notEqual(one.data['password'], two.data['password']);
});

test('a listener certificate verifies under the fleet’s authority for each of its names, and no other', async () => {
  const fleet = { namespace: 'relayfleet-system', name: 'default' };
  const keys = (await mint({ kind: 'FleetKeys', secret: empty, fleet }, deps)).data;
  const authority = { certificate: keys[fleetKeyFields.caCertificate]!, key: keys[fleetKeyFields.caKey]! };
  const names = ['relay.example.com', 'localhost', '127.0.0.1', '::1'];
  const { data } = await mint({ kind: 'ListenerCertificate', secret: empty, names, authority }, deps);
  const certificate = new X509Certificate(data['tls.crt']!);
  const ca = new X509Certificate(data['ca.crt']!);

  assert.ok(ca.ca && ca.verify(ca.publicKey));
  assert.ok(!certificate.ca && certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(data['tls.key']!)));
  assert.ok(certificate.checkHost('relay.example.com') && certificate.checkHost('localhost'));
  assert.ok(certificate.checkIP('127.0.0.1') && certificate.checkIP('::1'));
  assert.equal(certificate.checkHost('other.example.com'), undefined);
  assert.equal(certificate.validToDate.getTime(), now + 90 * 86_400_000);
});
