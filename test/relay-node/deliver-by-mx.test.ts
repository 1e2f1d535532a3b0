// Delivery by MX over a real DNS server: order of hosts, what a missing answer means, and addresses that are never connected to.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { snapshotWith, startRig, type Rig } from '../harness/delivery-rig.ts';
import { startNameServer, type NameServer, type Zone } from '../harness/name-server.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';

async function setUp(t: TestContext, zone: Zone): Promise<{ peer: ScriptedPeer; dns: NameServer; rig: Rig }> {
  const peer = await startPeer();
  const dns = await startNameServer(zone);
  t.after(() => {
    dns.stop();
    return peer.goAway();
  });
  const rig = await startRig(t, snapshotWith({ tls: { mode: 'Opportunistic', floor: '1.2' } }));
  await rig.commit({ sender: '' });
  rig.start({ dnsServers: [dns.address], smtpPort: peer.port, retryDelays: [3_600_000] });
  return { peer, dns, rig };
}

test('the best host that answers takes the mail', async (t) => {
  const { peer, rig } = await setUp(t, {
    'to.test': {
      MX: [
        [20, 'second.to.test'],
        [10, 'first.to.test'],
        [5, 'nowhere.to.test'],
      ],
    },
    'first.to.test': { A: ['127.0.0.9'] }, // nobody listens there
    'second.to.test': { A: ['127.0.0.1'] },
  });
  await peer.mail(1);
  const [attempted] = await rig.events('attempted', 1);
  assert.equal(attempted?.hop, 'second.to.test');
});

test('without MX the domain’s own address takes it', async (t) => {
  const { peer } = await setUp(t, { 'to.test': { A: ['127.0.0.1'] } });
  await peer.mail(1);
});

const outcomes: Readonly<Record<string, [Zone, object]>> = {
  'NXDOMAIN bounces': [{}, { outcome: 'bounced', category: 'dns', status: '5.1.2' }],
  'a null MX bounces': [
    { 'to.test': { MX: [[0, '.']] } },
    { outcome: 'bounced', category: 'dns', code: 556, status: '5.1.10' },
  ],
  'a domain without MX and address bounces': [
    { 'to.test': {} },
    { outcome: 'bounced', category: 'dns', status: '5.4.4' },
  ],
  'an alias that leads back to itself bounces': [
    { 'to.test': { CNAME: 'alias.to.test' }, 'alias.to.test': { CNAME: 'to.test' } },
    { outcome: 'bounced', category: 'dns', status: '5.4.4' },
  ],
  'a domain whose best mail server is this relay bounces': [
    {
      'to.test': {
        MX: [
          [10, 'relay.fleet.test'],
          [10, 'equal.to.test'],
          [20, 'worse.to.test'],
        ],
      },
      'equal.to.test': { A: ['127.0.0.1'] },
      'worse.to.test': { A: ['127.0.0.1'] },
    },
    { outcome: 'bounced', category: 'dns', status: '5.4.6' },
  ],
  'SERVFAIL defers': [{ 'to.test': 'SERVFAIL' }, { outcome: 'deferred', category: 'dns', status: '4.4.3' }],
  'MX hosts without address defer': [
    { 'to.test': { MX: [[1, 'mx.to.test']] } },
    { outcome: 'deferred', category: 'dns', status: '4.4.4' },
  ],
  'MX hosts at private addresses defer': [
    {
      'to.test': { MX: [[1, 'mx.to.test']] },
      'mx.to.test': { A: ['10.0.0.1', '169.254.169.254'], AAAA: ['::ffff:10.0.0.1', 'fd00::1'] },
    },
    { outcome: 'deferred', category: 'address-guard', status: '4.4.4' },
  ],
};
for (const [name, [zone, result]] of Object.entries(outcomes))
  test(name, async (t) => {
    const { peer, rig } = await setUp(t, zone);
    const [attempted] = await rig.events('attempted', 1);
    assert.deepEqual(attempted?.results, [{ n: 0, ...result }]);
    assert.equal(peer.sessions.length, 0);
  });

test('name servers that stay silent defer', async (t) => {
  const { rig } = await setUp(t, { 'to.test': 'silence' });
  const [attempted] = await rig.events('attempted', 1, 40_000);
  assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category: 'dns', status: '4.4.3' }]);
});

test('many mails to one domain are few questions', async (t) => {
  const { peer, dns, rig } = await setUp(t, {
    'to.test': { MX: [[1, 'mx.to.test']] },
    'mx.to.test': { A: ['127.0.0.1'] },
  });
  for (let i = 0; i < 20; i++) await rig.commit({ sender: '' });
  await peer.mail(21);
  assert.ok(dns.questions.length <= 3, dns.questions.join());
});
