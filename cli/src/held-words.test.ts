import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '@relayfleet/contract/order.ts';
import { heldWords, orderWords } from './held-words.ts';

const now = 10_000_000;
const hold: Order = { v: 1, kind: 'hold', name: 'hold-1', filter: {}, reason: 'key stolen', at: now - 720_000 };

test('what is held is so by an order, or until somebody looks: that it is suspended is not known', () => {
  assert.equal(heldWords(undefined, hold, now), undefined);
  assert.equal(heldWords(now - 600_000, hold, now), 'for 10m');
  assert.equal(
    heldWords(now - 600_000, undefined, now),
    'for 10m, until it is looked at again: its domain, platform or fleet was suspended, or a hold was released since',
  );
});

test('an order says what, since when and why', () => {
  assert.equal(orderWords(hold, now), 'hold-1 (hold, given 12m ago: key stolen)');
  assert.equal(
    orderWords({ ...hold, kind: 'drop', bounce: true, reason: '' }, now),
    'hold-1 (drop and bounce, given 12m ago)',
  );
});
