// Recipients of one mail part ways: each goes to its own end, and only those still waiting are named again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';

test('one delivered, one refused for good, one deferred and delivered later', async (t) => {
  let full = true;
  const peer = await startPeer({
    script: {
      RCPT: (line) => {
        if (line.includes('gone@')) return '550 5.1.1 no such user';
        return line.includes('full@') && full ? '452 4.2.2 mailbox full' : undefined;
      },
    },
  });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const recipients = ['one', 'gone', 'full'].map((name, n) => ({ n, address: `${name}@to.test` }));
  const { id } = await rig.commit({ recipients });
  rig.start();
  const [first] = await rig.events('attempted', 1);
  assert.deepEqual(
    first?.results.map(({ n, outcome, category }) => [n, outcome, category]),
    [
      [0, 'delivered', 'accepted'],
      [1, 'bounced', 'recipient'],
      [2, 'deferred', 'recipient'],
    ],
  );
  full = false;
  const settled = (await rig.events('settled', 2)).find((event) => event.id === id);
  assert.deepEqual(settled?.totals, { delivered: 2, bounced: 1, expired: 0, dropped: 0 });
  assert.equal(settled?.attempts, 2);
  const mails = peer.mails.filter(({ from }) => from !== '').map(({ to }) => to);
  assert.deepEqual(mails, [['one@to.test'], ['full@to.test']]);
  assert.equal(peer.mails.filter(({ from }) => from === '').length, 1);
});

test('a hundred and fifty recipients travel in two transactions', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit({ recipients: Array.from({ length: 150 }, (_, n) => ({ n, address: `r${n}@to.test` })) });
  rig.start();
  const [settled] = await rig.events('settled', 1);
  assert.equal(settled?.totals.delivered, 150);
  assert.deepEqual(
    peer.mails.map(({ to }) => to.length),
    [100, 50],
  );
});
