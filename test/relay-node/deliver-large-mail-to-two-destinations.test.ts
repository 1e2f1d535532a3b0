// A mail whose body is stored apart and which goes to two destinations: both get all of it, and one that waits keeps the body.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { anEnvelope } from '../harness/queue.ts';
import { startPeer } from '../harness/scripted-peer.ts';

test('two entries, one body of two chunks: the second destination gets it after a deferral', async (t) => {
  let busy = true;
  const peer = await startPeer({
    script: { RCPT: (line) => (line.includes('@b.test') && busy ? '451 4.3.0 busy' : undefined) },
  });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const mail = Buffer.from(
    `From: info@shop.test\r\nSubject: large\r\n\r\n${'.some text of a line\r\n'.repeat(60_000)}`,
  );
  const first = anEnvelope({
    domain: 'shop.test',
    sender: 'info@shop.test',
    platform: { namespace: 'shop', name: 'orders' },
  });
  const stored = await rig.queue.putBody(first.id, mail);
  assert.ok(stored.ok && stored.ref.kind === 'chunks' && stored.ref.chunks === 2);
  const entries = ['a.test', 'b.test'].map((destination, k) => ({
    envelope: {
      ...first,
      k,
      of: 2,
      destination,
      recipients: [{ n: k, address: `u@${destination}` }],
      body: stored.ref,
    },
  }));
  assert.ok((await rig.queue.commit(entries, 5_000)).ok);
  rig.start();
  await rig.events('settled', 1);
  busy = false;
  await rig.events('settled', 2);
  assert.equal(peer.mails.length, 2);
  for (const { raw } of peer.mails) assert.ok(raw.subarray(-mail.length).equals(mail));
});
