// A permanent failure ends in one bounce to the sender, signed like any mail, and in none where none may be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAuthority } from '../harness/certificates.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';

const reply = '550-5.1.1 no such user\n550 5.1.1 see our help';
const refuse = { RCPT: (line: string) => (line.includes('to.test') ? reply : undefined) };

test('one bounce, from MAILER-DAEMON of the sender’s domain, with the peer’s words', async (t) => {
  const peer = await startPeer({ script: refuse, tls: makeAuthority().issue('mx.test') });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const envelope = await rig.commit({
    envid: 'QQ314',
    recipients: [{ n: 0, address: 'gone@to.test', orcpt: 'rfc822;Gone+2Bx@to.test' }],
  });
  rig.start();
  const settled = await rig.events('settled', 2);
  assert.equal(settled.filter(({ id }) => id === envelope.id)[0]?.totals.bounced, 1);
  const [bounce] = await peer.mail(1);
  assert.ok(bounce !== undefined);
  assert.equal(bounce.from, '');
  assert.deepEqual(bounce.to, ['info@shop.test']);
  const text = bounce.raw.toString();
  for (const expected of [
    /^DKIM-Signature: .*\r\n d=shop\.test;/,
    /\r\nFrom: .*<MAILER-DAEMON@shop\.test>\r\n/,
    /\r\nAuto-Submitted: auto-replied\r\n/,
    /\r\nReporting-MTA: dns; relay\.fleet\.test\r\n/,
    /\r\nOriginal-Envelope-Id: QQ314\r\n/,
    /\r\nOriginal-Recipient: rfc822; Gone\+x@to\.test\r\n/,
    /\r\nFinal-Recipient: rfc822; gone@to\.test\r\nAction: failed\r\nStatus: 5\.1\.1\r\n/,
    /\r\nRemote-MTA: dns; 127\.0\.0\.1\r\nDiagnostic-Code: smtp; 550-5\.1\.1 no such user 550 5\.1\.1 see our help\r\n/,
    /\r\nSubject: Order\r\n/, // the header of the mail that failed
  ])
    assert.match(text, expected);
  assert.doesNotMatch(text, /Hello, your order/);
  await rig.entries();
  assert.equal(peer.mails.length, 1);
  const [accepted] = await rig.events('accepted', 1);
  assert.equal(accepted?.kind, 'dsn');
});

test('NOTIFY=NEVER and the null sender are told nothing', async (t) => {
  const peer = await startPeer({ script: refuse });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit({ recipients: [{ n: 0, address: 'gone@to.test', notify: ['NEVER'] }] });
  await rig.commit({ sender: '' });
  rig.start();
  await rig.events('settled', 2);
  await rig.entries();
  assert.equal(rig.report.events.filter(({ type }) => type === 'accepted').length, 0);
  assert.equal(peer.mails.length, 0);
});

test('a bounce that bounces is the end of it', async (t) => {
  const peer = await startPeer({ script: { RCPT: () => reply } });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit();
  rig.start();
  const settled = await rig.events('settled', 2);
  assert.deepEqual(
    settled.map(({ totals }) => totals.bounced),
    [1, 1],
  );
  await rig.entries();
  assert.equal(rig.report.events.filter(({ type }) => type === 'accepted').length, 1);
});
