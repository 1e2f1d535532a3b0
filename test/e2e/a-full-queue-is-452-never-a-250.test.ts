// A queue without room says so to the client, who keeps the mail; what was accepted before goes on, and room comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet, type Sent } from '../harness/fleet.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';

// A quarter of the storage is for mail: 2 MiB, some 15 of these.
const storage = '8Mi';
const body = `${'x'.repeat(98)}\r\n`.repeat(1_400);
const most = 40;

test('a full queue is a 452, never a 250', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t, {
    retries: '30s',
    manifests: (receiver) => {
      const fleetManifest = relayFleet();
      const { nats } = fleetManifest['spec'] as { nats: object };
      return [
        relayFleet({ nats: { ...nats, storage } }),
        relayDomain({ routes: [routeTo(receiver)] }),
        senderPlatform(),
      ];
    },
  });
  const { script, unanswered } = fleet.receiver;
  script.dot = () => 'silence'; // everything stays where it is

  const sent: Sent[] = [];
  while (sent.length < most && sent.at(-1)?.result.kind !== 'refused') sent.push(await fleet.send({ body }));
  const last = sent.at(-1)?.result;
  assert.equal(last?.kind === 'refused' ? last.code : last?.kind, 452, JSON.stringify(last));
  assert.ok(sent.length > 5, `full after ${sent.length} mails`);

  await until('every accepted mail is at the receiver, unanswered', () => unanswered.length === sent.length - 1);
  delete script.dot;
  await fleet.receiver.goAway();
  await fleet.receiver.comeBack();
  await fleet.allArrived();
  const again = await fleet.send({ body });
  assert.equal(again.result.kind, 'accepted', JSON.stringify(again.result));
  await fleet.allArrived();
  assert.deepEqual(fleet.ledger.verdict().unacceptedButDelivered, []);
});
