// A node dies while the next hop has the whole mail and has not answered: another attempt follows, and exactly one is taken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { eventsIn, untilQueueIsEmpty } from '../harness/queue-view.ts';
import { partAtPort } from '../harness/socket-owner.ts';
import { usual } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';

test('a node killed while sending loses nothing', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const { script, unanswered, taken } = fleet.receiver;
  script.dot = () => 'silence';

  const { mark, result } = await fleet.send();
  assert.equal(result.kind, 'accepted');
  const waiting = await until('the mail is offered', () => unanswered[0]);
  const sender = partAtPort(fleet.ready(), waiting.peerPort);
  assert.match(sender ?? 'nobody', /^node-/);
  delete script.dot;
  const killed = fleet.kill(sender ?? '', 'SIGKILL');

  await fleet.allArrived();
  await untilQueueIsEmpty(fleet.ready);
  assert.equal(unanswered.length, 1);
  assert.equal(fleet.ledger.receivedOf(mark, usual.to), 1);
  assert.notEqual(taken[0]?.peerPort, waiting.peerPort);
  assert.notEqual(fleet.pid(sender ?? ''), killed);

  // The record holds the attempt that somebody lived to write down, and that one alone. (The 250 does not wait for its event.)
  const events = await eventsIn(fleet.ready(), result.kind === 'accepted' ? result.id : '');
  assert.deepEqual(
    events.map(({ type }) => type).filter((type) => type !== 'accepted'),
    ['attempted', 'settled'],
  );
});
