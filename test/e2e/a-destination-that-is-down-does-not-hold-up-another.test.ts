// One mail to two destinations is two entries: the one that can be delivered is, the other waits for its own next hop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform } from '../harness/manifests.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';
import { startReceiver } from '../harness/receiver.ts';
import { until } from '../harness/until.ts';

const [up, down] = ['you@up.test', 'you@down.test'];

test('a destination that is down does not hold up another', { timeout: 300_000 }, async (t) => {
  const other = await startReceiver();
  t.after(() => other.goAway());
  await other.goAway();
  const fleet = await startFleet(t, {
    retries: '30s',
    manifests: (receiver) => [
      relayFleet(),
      relayDomain({
        routes: [
          routeTo({ host: '127.0.0.1', port: other.port }, { name: 'down', recipientDomains: ['down.test'] }),
          routeTo(receiver, { name: 'the-rest' }),
        ],
      }),
      senderPlatform(),
    ],
  });

  const { mark, result } = await fleet.send({ to: [up, down] });
  assert.equal(result.kind, 'accepted');
  await until('the mail is where it can be', () => fleet.ledger.receivedOf(mark, up) === 1);
  assert.equal(other.taken.length, 0);

  await other.comeBack();
  await until('the mail is at the other destination', () => other.taken[0]);
  await untilQueueIsEmpty(fleet.ready);
  assert.deepEqual(
    [...fleet.receiver.taken, ...other.taken].map(({ to }) => to),
    [[up], [down]],
    'each destination once, and told of its own recipients only',
  );
});
