// A host's addresses are tried one after the other, IPv4 and IPv6, through aliases, within one attempt.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { snapshotWith, startRig, type Rig } from '../harness/delivery-rig.ts';
import { startNameServer, type Zone } from '../harness/name-server.ts';
import { startPeer, type PeerOptions, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { fleetPolicy } from '../harness/snapshot.ts';

async function setUp(t: TestContext, zone: Zone, options: PeerOptions = {}): Promise<{ peer: ScriptedPeer; rig: Rig }> {
  const peer = await startPeer(options);
  const dns = await startNameServer(zone);
  t.after(() => {
    dns.stop();
    return peer.goAway();
  });
  const fleet = fleetPolicy({ allowedPrivateNetworks: ['127.0.0.0/8', '::1/128'] });
  const rig = await startRig(t, snapshotWith({ tls: { mode: 'Opportunistic', floor: '1.2' } }, { fleet }));
  await rig.commit({ sender: '' });
  rig.start({ dnsServers: [dns.address], smtpPort: peer.port, retryDelays: [3_600_000] });
  return { peer, rig };
}

const mx = { 'to.test': { MX: [[1, 'mx.to.test']] } } as const satisfies Zone;

const reached: Readonly<Record<string, [Zone, PeerOptions]>> = {
  'IPv6 after the IPv4 address that does not answer': [
    { ...mx, 'mx.to.test': { A: ['127.0.0.9'], AAAA: ['::1'] } },
    { host: '::1' },
  ],
  'IPv4 although the IPv6 address does not answer': [{ ...mx, 'mx.to.test': { A: ['127.0.0.1'], AAAA: ['::1'] } }, {}],
  'IPv6 alone': [{ ...mx, 'mx.to.test': { AAAA: ['::1'] } }, { host: '::1' }],
  'the fourth of four addresses': [
    { ...mx, 'mx.to.test': { A: ['127.0.0.7', '127.0.0.8', '127.0.0.9', '127.0.0.1'] } },
    {},
  ],
  'an address among ones that are not connected to': [
    { ...mx, 'mx.to.test': { A: ['10.0.0.1', '127.0.0.1'], AAAA: ['fd00::1'] } },
    {},
  ],
  'a host behind three aliases': [
    {
      ...mx,
      'mx.to.test': { CNAME: 'a.to.test' },
      'a.to.test': { CNAME: 'b.to.test' },
      'b.to.test': { CNAME: 'c.to.test' },
      'c.to.test': { A: ['127.0.0.1'] },
    },
    {},
  ],
  'the MX of a domain that is an alias': [
    { 'to.test': { CNAME: 'real.test' }, 'real.test': mx['to.test'], 'mx.to.test': { A: ['127.0.0.1'] } },
    {},
  ],
  'the next host when the name of the best fails': [
    {
      'to.test': {
        MX: [
          [1, 'ill.to.test'],
          [2, 'loop.to.test'],
          [3, 'mx.to.test'],
        ],
      },
      'ill.to.test': 'SERVFAIL',
      'loop.to.test': { CNAME: 'loop.to.test' },
      'mx.to.test': { A: ['127.0.0.1'] },
    },
    {},
  ],
};
for (const [name, [zone, options]] of Object.entries(reached))
  test(name, async (t) => {
    const { peer, rig } = await setUp(t, zone, options);
    await peer.mail(1);
    const [attempted] = await rig.events('attempted', 1);
    assert.deepEqual([attempted?.attempt, attempted?.results[0]?.outcome], [1, 'delivered']);
  });

const loop = { 'a.test': { CNAME: 'b.test' }, 'b.test': { CNAME: 'a.test' } } satisfies Zone;
const ended: Readonly<Record<string, [Zone, object]>> = {
  'aliases in a circle behind an MX defer': [
    { 'to.test': { MX: [[1, 'a.test']] }, ...loop },
    { outcome: 'deferred', category: 'dns', status: '4.4.4' },
  ],
  'a recipient’s domain that is an alias of nothing bounces': [
    { 'to.test': { CNAME: 'nothing.test' } },
    { outcome: 'bounced', category: 'dns', status: '5.1.2' },
  ],
};
for (const [name, [zone, result]] of Object.entries(ended))
  test(name, async (t) => {
    const { peer, rig } = await setUp(t, zone);
    const [attempted] = await rig.events('attempted', 1);
    assert.deepEqual(attempted?.results, [{ n: 0, ...result }]);
    assert.equal(peer.sessions.length, 0);
  });
