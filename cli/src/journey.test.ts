import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptedEvent, AttemptedEvent } from '@relayfleet/contract/event.ts';
import { stepLines, stepsOf } from './journey.ts';

const common = {
  v: 1,
  id: '01K8ZC6YB3V4WQ0N2M7T5RXH9E',
  k: 0,
  platform: { namespace: 'shop', name: 'orders' },
  domain: 'shop.test',
} as const;
const accepted: AcceptedEvent = {
  ...common,
  type: 'accepted',
  at: 1_000,
  node: 'node-2',
  kind: 'mail',
  lane: 'transactional',
  size: 400,
  recipients: 2,
  destinations: 1,
  tls: 'TLSv1.3',
  commitMs: 3.4,
};
const attempted: AttemptedEvent = {
  ...common,
  type: 'attempted',
  at: 1_050,
  node: 'node-1',
  attempt: 1,
  results: [
    { n: 0, outcome: 'delivered', category: 'accepted', code: 250, status: '2.0.0' },
    { n: 1, outcome: 'deferred', category: 'recipient', code: 451, status: '4.2.1' },
  ],
  hop: 'mx.receiver.test',
  tls: 'TLSv1.3',
  waitMs: 4,
  connectMs: 12.2,
  transferMs: 20,
  nextDue: 61_050,
};

test('each step says who, what and how long, from the moment asked for', () => {
  assert.deepEqual(stepLines(stepsOf([attempted, accepted]), 990), [
    '     10 ms  accepted by node-2 over TLSv1.3, queued as 01K8ZC6YB3V4WQ0N2M7T5RXH9E (durable after 3 ms)',
    '     60 ms  1 delivered, 1 deferred (451 4.2.1 recipient) by node-1 to mx.receiver.test over TLSv1.3 (waited 4 ms, connect 12 ms, transfer 20 ms); next try in 60 s',
  ]);
});

test('a refusal without a connection says no more than is known', () => {
  const [step] = stepsOf([
    {
      ...attempted,
      hop: null,
      tls: null,
      connectMs: null,
      transferMs: null,
      nextDue: null,
      results: [{ n: 0, outcome: 'bounced', category: 'dns', status: '5.1.2' }],
    },
  ]);
  assert.equal(step?.text, 'bounced (5.1.2 dns) by node-1 (waited 4 ms)');
});
