// NOTIFY=SUCCESS towards a next hop without DSN ends in one notice `relayed`; one that offers DSN is told the wish instead.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer, usualOffers } from '../harness/scripted-peer.ts';

const withoutDsn = usualOffers.filter((offer) => offer !== 'DSN');

async function setUp(t: TestContext, offers: readonly string[]) {
  const peer = await startPeer({ offers });
  t.after(() => peer.goAway());
  return { peer, rig: await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) })) };
}

test('the peer offers no DSN: one signed notice about those who asked', async (t) => {
  const { peer, rig } = await setUp(t, withoutDsn);
  await rig.commit({
    recipients: [
      { n: 0, address: 'asked@to.test', notify: ['SUCCESS', 'FAILURE'] },
      { n: 1, address: 'unasked@to.test' },
      { n: 2, address: 'never@to.test', notify: ['NEVER'] },
    ],
    envid: 'QQ314',
    ret: 'FULL',
  });
  rig.start();
  const [, notice] = await peer.mail(2);
  assert.deepEqual([notice?.from, notice?.to], ['', ['info@shop.test']]);
  const text = notice?.raw.toString() ?? '';
  assert.match(text, /^DKIM-Signature: .*\r\n d=shop\.test;/);
  assert.match(text, /\r\nOriginal-Envelope-Id: QQ314\r\n/);
  assert.match(text, /\r\nFinal-Recipient: rfc822; asked@to\.test\r\nAction: relayed\r\nStatus: 2\.0\.0\r\n/);
  assert.doesNotMatch(text, /Final-Recipient: rfc822; (un|never)/);
  assert.doesNotMatch(text, /Hello, your order/); // RFC 3461 §4.3: the header alone, whatever RET says
  await rig.entries();
  assert.equal(peer.mails.length, 2);
  const [attempted] = await rig.events('attempted', 1);
  assert.deepEqual(
    attempted?.results.map(({ relayed }) => relayed),
    [true, undefined, undefined],
  );
});

test('the peer offers DSN: it is told, and we say nothing', async (t) => {
  const { peer, rig } = await setUp(t, usualOffers);
  await rig.commit({ recipients: [{ n: 0, address: 'asked@to.test', notify: ['SUCCESS'] }] });
  rig.start();
  const [mail] = await peer.mail(1);
  await rig.entries();
  assert.ok(mail?.session.commands.includes('RCPT TO:<asked@to.test> NOTIFY=SUCCESS'));
  assert.equal(peer.mails.length, 1);
  assert.equal(rig.report.events.filter(({ type }) => type === 'accepted').length, 0);
});

test('a worker that ends before the notice is queued: whoever follows makes it from the record, once', async (t) => {
  const { peer, rig } = await setUp(t, withoutDsn);
  const dying = rig.start({
    queue: {
      ...rig.queue,
      commit: async () => {
        void dying.stop(0);
        return { ok: false, reason: 'unavailable', detail: 'ended here' };
      },
    },
  });
  await rig.commit({ recipients: [{ n: 0, address: 'asked@to.test', notify: ['SUCCESS'] }] });
  await rig.events('attempted', 1);
  rig.start();
  await peer.mail(2);
  await rig.entries();
  assert.deepEqual(
    peer.mails.map(({ from }) => from),
    ['info@shop.test', ''],
  );
});
