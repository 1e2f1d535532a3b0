// The plain way: a queued mail arrives at the smarthost signed, and nothing of it stays in the queue.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { makeAuthority } from '../harness/certificates.ts';
import { dkimRecords, snapshotWith, startRig, usualMail, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';

test('a queued mail arrives signed, byte for byte behind our own header, and leaves an attempt and a final record', async (t) => {
  const peer = await startPeer({ tls: makeAuthority().issue('mx.test') });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port, tls: 'Require' }) }));
  const envelope = await rig.commit();
  rig.start();
  const [mail] = await peer.mail(1);
  assert.ok(mail !== undefined);
  assert.equal(mail.from, 'info@shop.test');
  assert.deepEqual(mail.to, ['someone@to.test']);
  assert.ok(mail.raw.toString().endsWith(usualMail.toString()));
  assert.match(mail.raw.toString(), /^DKIM-Signature: .*a=rsa-sha256[^]*DKIM-Signature: .*a=ed25519-sha256/);
  const resolver = async (name: string) => [[dkimRecords[name] ?? '']];
  const { results } = await dkimVerify(mail.raw, { resolver });
  assert.deepEqual(
    results.map(({ status }) => status.result),
    ['pass', 'pass'],
  );

  const [settled] = await rig.events('settled', 1);
  assert.deepEqual(settled?.totals, { delivered: 1, bounced: 0, expired: 0, dropped: 0 });
  const [attempted] = await rig.events('attempted', 1);
  assert.deepEqual(attempted?.results, [
    { n: 0, outcome: 'delivered', category: 'accepted', code: 250, status: '2.0.0' },
  ]);
  assert.equal(attempted?.hop, '127.0.0.1');
  assert.match(attempted?.tls ?? '', /^TLSv1/);
  const recorded = await rig.log.lastAttempted(envelope.platform, envelope.id, 0);
  assert.deepEqual(recorded, attempted);
  assert.doesNotMatch(JSON.stringify(rig.report.events), /@|Order/);
});
