// The body stream is full, and mail is deferred for the first time, which has to store its body there. The attempt is on record, so
// nobody is asked again; the entry stays where it is until there is room, also when its node ends meanwhile; then it waits for its
// retry like any other, and leaves once, whole.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const mails = 3;
const body = `${'x'.repeat(98)}\r\n`.repeat(100);
const later = { RCPT: () => '451 4.3.0 not now' };
const settings = { concurrency: 10, retryDelays: [300] };

test('a first deferral that finds no room for its body waits for it', { timeout: 120_000 }, async (t) => {
  const { peer, rig, makeRoom } = await setUp(t);
  const first = rig.start(settings);
  await waitsForRoom(rig);
  await first.stop(0);
  rig.start({ ...settings, node: 'node-b' });
  await waitsForRoom(rig);
  assert.equal(asked(peer), mails, 'what is on record is not tried again');
  await rig.entries(...Array.from({ length: mails }, () => 'ready'));

  peer.script = {};
  await makeRoom();
  await peer.mail(mails, 30_000);
  await rig.entries();
  assert.equal(asked(peer), 2 * mails);
  assert.equal(peer.mails.length, mails);
  assert.ok(peer.mails.every(({ raw }) => raw.toString().endsWith(body)));
});

/** Mail for a peer that defers it, and no room for a body of its size. */
async function setUp(t: TestContext) {
  const peer = await startPeer({ script: later });
  t.after(() => peer.goAway());
  const snapshot = snapshotWith({ routes: viaSmarthosts({ port: peer.port }) });
  const rig = await startRig(t, snapshot, { storageBytes: 4_000_000 }); // the body stream gets about half
  const mail = Buffer.from(`From: info@shop.test\r\n\r\n${body}`);
  for (let n = 0; n < mails; n++) await rig.commit({}, mail);
  const others = await fill(rig, [500_000, 50_000, 5_000]);
  const bodies = openStoredBodies(await rig.server.connect('operator'));
  const makeRoom = async () => {
    for (const id of others) await bodies.erase(id, await bodies.look(id));
  };
  return { peer, rig, makeRoom };
}

/** Bodies of other mail, of each size until the next one finds no room. */
async function fill({ queue }: Rig, sizes: readonly number[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const size of sizes)
    for (;;) {
      const id = newMailId(Date.now(), randomBytes);
      const stored = await queue.putBody(id, randomBytes(size));
      if (!stored.ok) {
        assert.equal(stored.reason, 'full');
        break;
      }
      ids.push(id);
    }
  return ids;
}

/** Every mail once more found no room, twice in a row. */
async function waitsForRoom({ report }: Rig): Promise<void> {
  const told = report.problems.length;
  await until('every mail waits for room', () => report.problems.length >= told + 2 * mails);
  assert.deepEqual([...new Set(report.problems)], ['body']);
}

function asked({ sessions }: ScriptedPeer): number {
  return sessions.flatMap(({ commands }) => commands.filter((line) => line.startsWith('RCPT'))).length;
}
