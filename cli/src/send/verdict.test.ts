import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import type { RecipientResult } from '@relayfleet/contract/outcome.ts';
import { isDelivered, verdictOf, verdictWords } from './verdict.ts';

const common = {
  v: 1,
  at: 1,
  node: 'n',
  id: '0'.repeat(26),
  platform: { namespace: 'a', name: 'b' },
  domain: 'a.test',
} as const;
const accepted: MailEvent = {
  ...common,
  k: 0,
  type: 'accepted',
  kind: 'mail',
  lane: 'transactional',
  size: 1,
  recipients: 2,
  destinations: 2,
  tls: 'TLSv1.3',
  commitMs: 1,
};
const attempted = (k: number, results: readonly RecipientResult[], nextDue: number | null): MailEvent => ({
  ...common,
  k,
  type: 'attempted',
  attempt: 1,
  results: [...results],
  hop: null,
  tls: null,
  waitMs: 0,
  connectMs: null,
  transferMs: null,
  nextDue,
});
const result = (n: number, outcome: RecipientResult['outcome']): RecipientResult => ({
  n,
  outcome,
  category: 'peer',
  status: '4.0.0',
});

test('there is no verdict before every recipient had an attempt', () => {
  assert.equal(verdictOf([]), undefined);
  assert.equal(verdictOf([accepted]), undefined);
  assert.equal(verdictOf([accepted, attempted(0, [result(0, 'delivered')], null)]), undefined);
  assert.equal(verdictOf([attempted(0, [result(0, 'delivered')], null)]), undefined, 'how many there are is not known');
});

test('each recipient counts with the last word about it', () => {
  const first = [accepted, attempted(0, [result(0, 'delivered')], null), attempted(1, [result(1, 'deferred')], 5)];
  const deferred = verdictOf(first);
  assert.equal(deferred?.nextDue, 5);
  assert.equal(isDelivered(deferred), false);
  assert.equal(verdictWords(deferred), '1 delivered, 1 deferred');
  const settled = verdictOf([...first, attempted(1, [result(1, 'delivered')], null)]);
  assert.ok(settled !== undefined && isDelivered(settled));
  assert.equal(settled.nextDue, undefined);
  assert.equal(verdictWords(settled), '2 delivered');
});
