// A mail that nobody takes until its age limit is given up with one report to its sender, and is not tried again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform, usual } from '../harness/manifests.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';
import { readReport } from '../harness/report.ts';
import { until } from '../harness/until.ts';

const busy = 'busy@receiver.test';
const maxAgeMs = 60_000; // the least a RelayFleet takes

test('expired mail makes one DSN', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, {
    retries: '30s',
    manifests: (receiver) => [
      relayFleet({ retry: { maxAge: '1m' } }),
      relayDomain({ routes: [routeTo(receiver)] }),
      senderPlatform(),
    ],
  });
  const { script, taken, asked } = fleet.receiver;
  script.rcpt = (address) => (address === busy ? '451 4.3.2 not now' : undefined);

  const sentAt = performance.now();
  const sent = await fleet.send({ to: [busy] });
  assert.equal(sent.result.kind, 'accepted');
  const bounce = await until('a bounce', () => taken.find(({ from }) => from === ''), { withinMs: 180_000 });
  const age = performance.now() - sentAt;
  const attempts = asked.get(busy) ?? 0;
  await untilQueueIsEmpty(fleet.ready);

  assert.ok(age >= maxAgeMs, `given up after ${Math.round(age)} ms`);
  assert.ok(attempts >= 2, `${attempts} attempts`);
  assert.equal(asked.get(busy), attempts, 'not tried after it was given up');
  assert.equal(taken.length, 1, 'one bounce and nothing else');
  assert.deepEqual(bounce.to, [usual.from]);
  const [recipient] = readReport(bounce.raw).recipients;
  assert.equal(recipient?.['action'], 'failed');
  assert.equal(recipient?.['status'], '4.4.7'); // RFC 3463 §3.5: delivery time expired
});
