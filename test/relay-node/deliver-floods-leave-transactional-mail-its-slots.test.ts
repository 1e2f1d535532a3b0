// A flood of bulk mail and one of retries, all for receivers that say nothing for minutes, take the slots of their own lanes and no
// others: transactional mail passes while they are stuck.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standardDeadlines } from '../../relay-node/src/delivery/smtp-client.ts';
import { snapshotWith, startRig, usualMail, viaSmarthosts } from '../harness/delivery-rig.ts';
import { anEnvelope } from '../harness/queue.ts';
import { hang, startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const owner = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };

test('bulk mail and retries that hang keep half as many slots each, and no transactional mail waits for them', async (t) => {
  const silent = await startPeer({ script: { MAIL: () => hang } });
  const quick = await startPeer();
  t.after(() => Promise.all([silent.goAway(), quick.goAway()]));
  const [toSilent] = viaSmarthosts({ port: silent.port });
  const [rest] = viaSmarthosts({ port: quick.port });
  const rig = await startRig(
    t,
    snapshotWith({ routes: [{ ...toSilent!, name: 'silent', recipientDomains: ['silent.test'] }, rest!] }),
  );
  for (let n = 0; n < 20; n++) {
    const recipients = [{ n: 0, address: 'someone@silent.test' }];
    const destination = `silent-${n}.shop.test`; // many, so that no destination's share is what keeps slots free
    await rig.commit({ lane: 'bulk', destination, recipients });
    const envelope = anEnvelope({ ...owner, destination, recipients, attempt: 1, due: Date.now() });
    const stored = await rig.queue.putBody(envelope.id, usualMail);
    assert.ok(stored.ok);
    assert.ok((await rig.queue.defer({ ...envelope, body: stored.ref }, envelope.due)).ok);
  }
  rig.start({ concurrency: 8, deadlines: standardDeadlines });
  await until('both lanes are stuck', () => silent.open() === 8, { withinMs: 30_000 });

  for (let n = 0; n < 20; n++) await rig.commit({ destination: `quick-${n}.shop.test` });
  await quick.mail(20, 30_000);
  assert.equal(silent.open(), 8);
  assert.equal(silent.mails.length, 0);
});
