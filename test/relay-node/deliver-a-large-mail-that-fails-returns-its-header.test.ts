// The notice about a mail whose body is stored in several chunks: a failure asked to return all of it returns the header.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { anEnvelope } from '../harness/queue.ts';
import { startPeer } from '../harness/scripted-peer.ts';

test('two chunks, refused: one notice with the header section and nothing of the body', async (t) => {
  const peer = await startPeer({
    script: { RCPT: (line) => (line.includes('@to.test') ? '550 5.1.1 no such user' : undefined) },
  });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const header = 'From: info@shop.test\r\nSubject: a large one\r\n\r\n';
  const mail = Buffer.from(header + '.some text of a line\r\n'.repeat(60_000));
  const shop = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
  const envelope = anEnvelope({ ...shop, ret: 'FULL', recipients: [{ n: 0, address: 'someone@to.test' }] });
  const stored = await rig.queue.putBody(envelope.id, mail);
  assert.ok(stored.ok && stored.ref.chunks === 2);
  assert.ok((await rig.queue.commit([{ envelope: { ...envelope, body: stored.ref } }], 5_000)).ok);
  rig.start();
  const [notice] = await peer.mail(1);
  const text = notice?.raw.toString() ?? '';
  assert.match(text, /Content-Type: text\/rfc822-headers[^]*\r\n\r\nFrom: info@shop\.test\r\nSubject: a large one\r\n/);
  assert.doesNotMatch(text, /some text of a line/);
});
