// A host that lets us in at one address and then fails is asked again at another one, at once; one that judged is not, and no
// host is asked at more than three.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { snapshotWith, startRig } from '../harness/delivery-rig.ts';
import { startNameServer } from '../harness/name-server.ts';
import { reset, startPeer, type Script, type ScriptedPeer } from '../harness/scripted-peer.ts';

/** One host at 127.0.0.1, 127.0.0.2, ... in this order, a peer for each script. */
async function setUp(t: TestContext, scripts: readonly Script[]) {
  const peers: ScriptedPeer[] = [];
  for (const [i, script] of scripts.entries())
    peers.push(await startPeer({ host: `127.0.0.${i + 1}`, port: peers[0]?.port ?? 0, script }));
  const addresses = peers.map((_, i) => `127.0.0.${i + 1}`);
  const dns = await startNameServer({ 'to.test': { MX: [[1, 'mx.to.test']] }, 'mx.to.test': { A: addresses } });
  t.after(() => {
    dns.stop();
    return Promise.all(peers.map((peer) => peer.goAway()));
  });
  const rig = await startRig(t, snapshotWith({ tls: { mode: 'Opportunistic', floor: '1.2' } }));
  const start = () =>
    rig.start({
      dnsServers: [dns.address],
      smtpPort: peers[0]!.port,
      random: () => 0.999, // keeps the order
      retryDelays: [3_600_000],
    });
  return { peers, rig, start };
}

const closing = { reply: '421 4.3.2 closing', after: 'close' } as const;

const faults: Readonly<Record<string, Script>> = {
  '421 at MAIL': { MAIL: () => closing },
  '421 at RCPT': { RCPT: () => closing },
  '421 at DATA': { DATA: () => closing },
  'a reset at MAIL': { MAIL: () => reset },
};
for (const [name, script] of Object.entries(faults))
  test(`${name}: delivered at the next address in the same attempt`, async (t) => {
    const { peers, rig, start } = await setUp(t, [script, {}]);
    await rig.commit({ sender: '' });
    start();
    await peers[1]!.mail(1);
    const [attempted] = await rig.events('attempted', 1);
    assert.deepEqual([attempted?.attempt, attempted?.results[0]?.outcome], [1, 'delivered']);
    assert.equal(peers[0]!.sessions.length, 1);
    await rig.entries();
  });

test('only those without a verdict are taken along', async (t) => {
  const first: Script = { RCPT: (line) => (line.includes('gone') ? '550 5.1.1 no such user' : closing) };
  const { peers, rig, start } = await setUp(t, [first, {}]);
  await rig.commit({ sender: '', recipients: ['gone', 'here'].map((name, n) => ({ n, address: `${name}@to.test` })) });
  start();
  const [mail] = await peers[1]!.mail(1);
  assert.deepEqual(mail?.to, ['here@to.test']);
  const [attempted] = await rig.events('attempted', 1);
  assert.deepEqual(
    attempted?.results.map(({ n, outcome }) => [n, outcome]),
    [
      [0, 'bounced'],
      [1, 'delivered'],
    ],
  );
});

const judged: Readonly<Record<string, [Script, string]>> = {
  'a refusal for good': [{ RCPT: () => '550 5.1.1 no such user' }, 'bounced'],
  'a refusal for now': [{ RCPT: () => '451 4.3.0 later' }, 'deferred'],
  'a reset after the dot': [{ DOT: () => reset }, 'deferred'],
  '421 to the dot': [{ DOT: () => closing }, 'deferred'],
};
for (const [name, [script, outcome]] of Object.entries(judged))
  test(`${name}: the other address is not asked`, async (t) => {
    const { peers, rig, start } = await setUp(t, [script, {}]);
    await rig.commit({ sender: '' });
    start();
    const [attempted] = await rig.events('attempted', 1);
    assert.equal(attempted?.results[0]?.outcome, outcome);
    assert.equal(peers[1]!.sessions.length, 0);
  });

test('a host that fails everywhere is asked at three addresses, and the mail waits', async (t) => {
  const { peers, rig, start } = await setUp(t, Array<Script>(5).fill({ MAIL: () => closing }));
  await rig.commit({ sender: '' });
  start();
  const [attempted] = await rig.events('attempted', 1);
  assert.deepEqual(attempted?.results, [{ n: 0, outcome: 'deferred', category: 'peer', code: 421, status: '4.3.2' }]);
  assert.deepEqual(
    peers.map(({ sessions }) => sessions.length),
    [1, 1, 1, 0, 0],
  );
});
