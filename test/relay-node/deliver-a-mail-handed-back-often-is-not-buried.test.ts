// A mail that hangs at a slow peer while one node after the other is stopped in an orderly way: every stop hands it to the next
// node. None of that is the mail's fault, so it is never taken for one that ends its workers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standardDeadlines } from '../../relay-node/src/delivery/smtp-client.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { hang, startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

// One more than deliver.ts lets an entry end its workers.
const stops = 21;

test('a mail handed back often is not buried', async (t) => {
  const peer = await startPeer({ script: { MAIL: () => hang } });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit();

  for (let stop = 0; stop < stops; stop++) {
    const node = rig.start({ node: `node-${stop}`, deadlines: standardDeadlines });
    await until(`conversation ${stop}`, () => peer.sessions[stop]?.commands.some((line) => line.startsWith('MAIL')));
    await node.stop(0);
  }
  peer.script = {};
  rig.start({ node: 'the-last' });
  const [attempted] = await rig.events('attempted', 1);
  assert.equal(attempted?.node, 'the-last');
  await rig.entries();
  assert.equal(peer.mails.length, 1);
  assert.deepEqual(rig.report.buriedBecause, []);
});
