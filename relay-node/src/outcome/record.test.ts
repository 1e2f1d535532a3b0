import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEvents, encodeEvents } from '@relayfleet/contract/event.ts';
import type { Verdict } from './classify.ts';
import { attemptedEvent, remainingEntry, settledEvent, standing, type AttemptRecord } from './record.ts';
import { anEnvelope } from './testing/envelope.ts';

const envelope = anEnvelope({
  recipients: [0, 1, 2].map((n) => ({ n: n + 10, address: `r${n}@to.test` })),
  attempt: 2,
  due: 5_000,
  settled: { delivered: 4, bounced: 1, expired: 0, dropped: 0 },
});
const verdict = (outcome: Verdict['outcome']): Verdict => ({
  outcome,
  category: 'peer',
  status: '4.0.0',
  why: 'w',
  reply: 'secret words <r0@to.test>',
});

function record(...outcomes: Verdict['outcome'][]): AttemptRecord {
  return {
    envelope,
    outcomes: outcomes.map((outcome, i) => ({
      recipient: envelope.recipients[i]!,
      verdict: verdict(outcome),
      hop: 'mx.test',
    })),
    journey: { hop: 'mx.test', tls: 'TLSv1.3', connectMs: 1, transferMs: 2 },
    nextDue: 9_000,
    startedAt: 5_250,
    now: 6_000,
    node: 'node-a',
  };
}

test('an attempt is an event of the contract, without addresses and the peer’s words', () => {
  const event = attemptedEvent(record('delivered', 'bounced', 'deferred'));
  assert.deepEqual(decodeEvents(encodeEvents([event])), { ok: true, value: [event] });
  assert.doesNotMatch(JSON.stringify(event), /@|secret/);
  assert.deepEqual([event.attempt, event.nextDue, event.waitMs], [3, 9_000, 250]);
});

test('those still waiting go on, under their own numbers, with what the others came to', () => {
  const event = attemptedEvent(record('delivered', 'bounced', 'deferred'));
  const remaining = remainingEntry(envelope, event);
  assert.deepEqual(
    remaining?.recipients.map(({ n }) => n),
    [12],
  );
  assert.deepEqual(remaining.settled, { delivered: 5, bounced: 2, expired: 0, dropped: 0 });
  assert.deepEqual([remaining.attempt, remaining.due], [3, 9_000]);
  assert.equal(settledEvent(record('delivered', 'bounced', 'deferred'), event), undefined);
});

test('when nobody waits any more the mail is settled, with totals of its whole life', () => {
  const given = record('delivered', 'expired', 'expired');
  const event = attemptedEvent(given);
  assert.equal(event.nextDue, null);
  assert.equal(remainingEntry(envelope, event), undefined);
  const settled = settledEvent(given, event);
  assert.deepEqual(settled?.totals, { delivered: 5, bounced: 1, expired: 2, dropped: 0 });
  assert.equal(settled.totalMs, 5_000);
});

test('where an entry stands by the last record of its mail', () => {
  const last = attemptedEvent(record('deferred', 'deferred', 'deferred')); // attempt 3, due again at 9,000
  assert.equal(standing(envelope, undefined), 'new');
  assert.equal(standing(envelope, last), 'recorded'); // made from this very entry
  assert.equal(standing({ ...envelope, attempt: 3, due: 9_000 }, last), 'new'); // its successor
  assert.equal(standing({ ...envelope, attempt: 3, due: 70_000 }, last), 'new'); // its successor, held back since
  assert.equal(standing({ ...envelope, attempt: 1, due: 2_000 }, last), 'superseded');
  assert.equal(standing({ ...envelope, attempt: 1, due: 70_000 }, last), 'superseded'); // a copy that was put back unsent
  assert.equal(standing({ ...envelope, due: 70_000 }, last), 'recorded'); // the same, of that attempt
  assert.equal(standing(envelope, { ...last, nextDue: null }), 'recorded');
  assert.equal(standing({ ...envelope, attempt: 1 }, { ...last, nextDue: null }), 'superseded');
});

test('that word of relaying is due is recorded for those who asked for it, and for nobody else', () => {
  const given = record('delivered', 'delivered', 'delivered');
  const wishes = [['SUCCESS', 'DELAY'], ['FAILURE'], undefined] as const;
  const outcomes = given.outcomes.map(({ recipient, ...rest }, i) => {
    const notify = wishes[i] === undefined ? {} : { notify: [...wishes[i]] };
    return { ...rest, recipient: { ...recipient, ...notify }, verdict: { ...rest.verdict, relayed: true as const } };
  });
  const event = attemptedEvent({ ...given, outcomes });
  assert.deepEqual(
    event.results.map(({ relayed }) => relayed),
    [true, undefined, undefined],
  );
  assert.deepEqual(decodeEvents(encodeEvents([event])), { ok: true, value: [event] });
});

test('that the sender was told of the delay stays with the entry', () => {
  const event = attemptedEvent(record('deferred', 'deferred', 'deferred'));
  assert.equal(remainingEntry({ ...envelope, delayTold: true }, event)?.delayTold, true);
});

test('an entry that was sent on is no longer held, and its turns are counted anew', () => {
  const waiting = remainingEntry(
    { ...envelope, heldSince: 1, pushedBack: 3 },
    attemptedEvent(record('deferred', 'deferred', 'deferred')),
  );
  assert.deepEqual([waiting?.heldSince, waiting?.pushedBack], [undefined, undefined]);
});
