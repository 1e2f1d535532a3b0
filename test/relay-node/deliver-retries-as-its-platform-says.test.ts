// How often and for how long a mail is tried is its platform's word, within the fleet's; two platforms wait side by side.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { fleetPolicy, platformPolicy } from '../harness/snapshot.ts';

const minute = 60_000;

test('a one-time password is given up while a newsletter waits on', async (t) => {
  const peer = await startPeer({
    script: { RCPT: (line) => (line.includes('to.test') ? '451 4.3.0 not now' : undefined) },
  });
  t.after(() => peer.goAway());
  const codes = { namespace: 'shop', name: 'codes' };
  const news = { namespace: 'shop', name: 'news' };
  const platforms = [
    platformPolicy({ ref: codes, username: 'codes.shop', retry: { maxAgeMs: 1_500, delaysMs: [400] } }),
    platformPolicy({ ref: news, username: 'news.shop' }),
  ];
  const fleet = fleetPolicy({ retry: { maxAgeMs: 60 * minute, delaysMs: [10 * minute] } });
  const routes = viaSmarthosts({ port: peer.port });
  const rig = await startRig(t, snapshotWith({ routes }, { fleet, platforms }));
  const code = await rig.commit({ platform: codes });
  const letter = await rig.commit({ platform: news });
  rig.start({ retryDelays: [] });

  const settled = (await rig.events('settled', 2)).find(({ id }) => id === code.id);
  assert.equal(settled?.totals.expired, 1);
  assert.ok(settled.at - code.acceptedAt < 10_000, 'at its own age');
  const tries = rig.report.events.filter((event) => event.type === 'attempted' && event.id === letter.id);
  assert.equal(tries.length, 1);
  const [tried] = tries;
  assert.ok(tried?.type === 'attempted' && tried.nextDue !== null);
  const wait = tried.nextDue - tried.at;
  assert.ok(wait > 8 * minute && wait < 12 * minute, `${wait} ms`);
  await rig.entries('deferred');
});
