// From the reply to the client to the last recipient: `send --wait` says how far a mail came, `trace` tells every step of it, with the
// notice to its sender, and neither log nor trace holds an address.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayfleet, relayfleetSays } from '../harness/command-line.ts';
import { startFleet } from '../harness/fleet.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';

test('trace tells the whole way of a mail', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '30s' });
  const { script } = fleet.receiver;
  const answers: Readonly<Record<string, string>> = {
    'gone@receiver.test': '550 5.1.1 no such user',
    'later@receiver.test': '451 4.2.0 later',
  };
  script.rcpt = (address) => answers[address];

  const good = await relayfleetSays(fleet, 'send', '--to', 'you@receiver.test', '--wait');
  assert.match(good, /^resolve +ok[^]*tls +ok +TLSv1\.3[^]*auth +ok[^]*data +ok +250[^]*delivered by node-/);

  const to = 'you@receiver.test,gone@receiver.test,later@receiver.test';
  const mixed = await relayfleet(fleet, 'send', '--to', to, '--wait', '-o', 'json');
  assert.equal(mixed.code, 1);
  assert.match(mixed.stderr, /not delivered to everybody: 1 delivered, 1 bounced, 1 deferred/);
  const { id } = JSON.parse(mixed.stdout) as { id: string };
  assert.match(await relayfleetSays(fleet, 'trace', id), /now deferred for [^ ]+, due in \d+s; 1 recipient to go\n/);

  delete script.rcpt;
  await untilQueueIsEmpty(fleet.ready);
  const story = await relayfleetSays(fleet, 'trace', id, '-o', 'wide');
  for (const line of [
    /from shop\/orders for shop\.test \(transactional\): \d+ bytes, 3 recipients, 1 destination\n/,
    /0 ms {2}accepted by node-\d over TLSv1\.3, queued as /,
    /1 delivered, 1 bounced \(550 5\.1\.1 recipient\), 1 deferred \(451 4\.2\.0 recipient\)/,
    /recipient 1: delivered \(250 [0-9.]+ accepted\)\n +recipient 2: bounced \(550 5\.1\.1 recipient\)\n +recipient 3: deferred/,
    /recipient: the mailbox is unknown, disabled or full\. To do: /,
    /its sender is told "failed": notice [0-9A-Z]{26}\n/,
    /notice [0-9A-Z]{26}: delivered by node-/,
    /attempt 2\n +recipient 3: delivered/,
    /settled: 2 delivered, 1 bounced after 2 attempts in \d+s\n/,
  ])
    assert.match(story, line);
  assert.doesNotMatch(story, /@/);
});
