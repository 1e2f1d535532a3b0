// What only the fleet's own side can repair defers a mail and never lets it out unsigned or astray.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainPolicy } from '@relayfleet/contract/snapshot.ts';
import { fleetPolicy } from '../harness/snapshot.ts';
import { signers, snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';

const [rsa] = signers;
const cases: Readonly<
  Record<string, [Partial<DomainPolicy>, Parameters<typeof snapshotWith>[1], { category: string; status: string }]>
> = {
  'the domain is gone': [{ domain: 'other.test' }, {}, { category: 'configuration', status: '4.3.5' }],
  'it has no key': [{ signers: [] }, {}, { category: 'configuration', status: '4.3.5' }],
  'its key is unusable': [
    { signers: [{ ...rsa!, privateKey: 'nonsense' }] },
    {},
    { category: 'configuration', status: '4.3.5' },
  ],
  'its key does not fit the algorithm': [
    { signers: [{ ...rsa!, algorithm: 'ed25519-sha256' }] },
    {},
    { category: 'configuration', status: '4.3.5' },
  ],
  'no route leads there': [
    { routes: [{ name: 'one', recipientDomains: ['else.test'], via: { kind: 'mx' } }] },
    {},
    { category: 'configuration', status: '4.4.4' },
  ],
  'the next hop is at a private address': [
    {},
    { fleet: fleetPolicy({ allowedPrivateNetworks: [] }) },
    { category: 'address-guard', status: '4.4.4' },
  ],
};
for (const [name, [domain, changes, { category, status }]] of Object.entries(cases))
  test(`deferred, not sent: ${name}`, async (t) => {
    const peer = await startPeer();
    t.after(() => peer.goAway());
    const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }), ...domain }, changes));
    await rig.commit();
    rig.start({ retryDelays: [3_600_000] });
    const [attempted] = await rig.events('attempted', 1);
    assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category, status }]);
    await rig.entries('deferred');
    assert.equal(peer.sessions.length, 0);
  });
