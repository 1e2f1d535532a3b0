import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '@relayfleet/contract/order.ts';
import { orderDocument, orderNotes, unreadNotes } from './order-words.ts';

const order: Order = {
  v: 1,
  kind: 'hold',
  name: 'h',
  filter: { domain: 'a.test', acceptedBefore: 0 },
  reason: '',
  at: 1,
};

test('programs read the times of an order as those of a listing', () => {
  assert.deepEqual(orderDocument(order), {
    v: 1,
    kind: 'hold',
    name: 'h',
    filter: { domain: 'a.test', acceptedBefore: '1970-01-01T00:00:00.000Z' },
    reason: '',
    at: '1970-01-01T00:00:00.001Z',
  });
  assert.deepEqual(orderDocument({ ...order, filter: {} }), { ...order, filter: {}, at: '1970-01-01T00:00:00.001Z' });
});

test('without an order a listing says nothing of orders', () => {
  assert.equal(orderNotes([], 1), '');
  assert.match(orderNotes([order], 60_001), /\n {2}h: hold \(from a\.test, accepted before 1970-.*\) since 60s\n$/);
});

test('what cannot be read is named, with what is done about it', () => {
  const notes = unreadNotes([
    { name: 'a', problem: 'filter: Unrecognized key', holds: true },
    { name: 'b', problem: 'document: not JSON', holds: false },
  ]);
  assert.match(
    notes,
    /^Not understood here.*:\n  a: filter: .*; what it may be about is held\n  b: .*; nothing is done about it\n$/,
  );
  assert.equal(unreadNotes([]), '');
});
