// A domain's owner brings keys of their own: mail is signed with these and no others, under the owner's selectors, and verifies
// against the records the status asks for. A key exchanged in its Secret signs from then on.
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { arrival } from '../harness/arrival.ts';
import { edit } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { askServer, judge } from '../harness/judges.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform, usual, type Manifest } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const keyRefs = [
  { selector: 'mine1', name: 'rsa-key' },
  { selector: 'mine2', name: 'ed25519-key' },
];
const good = { dkim: ['ed25519-sha256 pass', 'rsa-sha256 pass'], spf: 'pass', dmarc: 'pass' };

test('the owner’s own keys sign', { timeout: 240_000 }, async (t) => {
  const ed25519 = secret('ed25519-key', generateKeyPairSync('ed25519').privateKey);
  const domain = (port: number) => relayDomain({ dkim: { keyRefs }, routes: [routeTo({ host: '127.0.0.1', port })] });
  const first = rsa();
  const fleet = await startFleet(t, {
    nodes: 1,
    manifests: ({ port }) => [
      secret('rsa-key', first.privateKey),
      ed25519,
      relayFleet(),
      domain(port),
      senderPlatform(),
    ],
  });
  const dns = askServer(fleet.ready().dns);
  const send = async () => arrival(fleet.receiver, (await fleet.send()).result);
  const published = async () => (await dns('mine1._domainkey.shop.test', 'TXT'))[0]?.join('') ?? '';

  const mail = await send();
  const [{ dkim, spf, dmarc } = good] = await judge([mail], usual.domain, dns);
  assert.deepEqual({ dkim, spf, dmarc }, good);
  const selectors = [...mail.raw.toString('latin1').matchAll(/^DKIM-Signature:[^]*?\bs=([^;\s]+)/gm)].map(
    ([, selector = '']) => selector,
  );
  assert.deepEqual(selectors.toSorted(), ['mine1', 'mine2']);
  assert.ok((await published()).includes(spkiOf(first.publicKey)));

  const second = rsa();
  edit(fleet, secret('rsa-key', second.privateKey), ed25519, domain(fleet.receiver.port));
  await until('the new key is asked for', async () => (await published()).includes(spkiOf(second.publicKey)));
  await until('the new key signs', async () => {
    const [judgement] = await judge([await send()], usual.domain, dns);
    return judgement?.dkim.every((verdict) => verdict.endsWith('pass'));
  });
  const [before] = await judge([mail], usual.domain, dns);
  assert.deepEqual(
    before?.dkim.filter((verdict) => verdict.startsWith('rsa')),
    ['rsa-sha256 fail'],
    'the old one is gone',
  );
});

function secret(name: string, key: KeyObject): Manifest {
  const metadata = { namespace: usual.namespace, name };
  const stringData = { 'private-key': key.export({ type: 'pkcs8', format: 'pem' }).toString() };
  return { apiVersion: 'v1', kind: 'Secret', metadata, stringData };
}

function spkiOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}
