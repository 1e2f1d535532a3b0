// The cause of a second copy that a queue of many nodes has and a relay of its own has not: a node that stands still in a transaction.
// It keeps silent for as long as the entry is its own, another one is handed it, and the next hop takes both. docs/guarantees.md
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { openMailQueue, type MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { standardDeadlines } from '@relayfleet/relay-node/delivery/smtp-client.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { shortenTakeover } from '../harness/kill-scene.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

test('a node that is silent in a transaction for as long as an entry is its own: two copies', async (t) => {
  const peer: ScriptedPeer = await startPeer({ thinkMs: () => (peer.sessions.length === 1 ? 6_000 : 0) });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await shortenTakeover(await rig.server.connect('operator'));
  startSilent(rig);
  await rig.commit();
  await until('it is being sent', () => peer.sessions[0]?.commands.includes('DATA'));
  const nats = await rig.server.connect('node');
  rig.start({ node: 'node-b', queue: openMailQueue(nats, { timeoutMs: 2_000 }), log: openEventLog(nats) });
  const [one, two] = (await peer.mail(2, 30_000)).map(({ raw }) => raw.toString().split('\r\n\r\n')[1]);
  assert.equal(one, two);
  await rig.entries();
  assert.equal(peer.mails.length, 2);
});

/** Takes one entry and no more, and never says that it still has it. */
function startSilent(rig: Rig): void {
  const take: MailQueue['take'] = async function* (key, options) {
    for await (const taken of rig.queue.take(key, { ...options, maxMessages: 1 })) {
      yield { ...taken, extend: () => undefined };
      return;
    }
  };
  rig.start({ queue: { ...rig.queue, take }, deadlines: standardDeadlines });
}
