import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newMailId } from './mail-id.ts';
import { concerns, decodeOrder, encodeOrder, orderFor, type Order, type OrderedEntry } from './order.ts';

const at = 1_700_000_000_000;
const idAt = (time: number) => newMailId(time, () => new Uint8Array(10));
const entry: OrderedEntry = {
  platform: { namespace: 'shop', name: 'orders' },
  domain: 'shop.test',
  destination: 'to.test',
  lane: 'bulk',
  id: idAt(at),
};
const hold = (filter: Order['filter'], changes: Partial<Order> = {}): Order =>
  ({ v: 1, name: 'h', kind: 'hold', filter, reason: 'a look', at, ...changes }) as Order;

test('an order concerns what has everything that it names', () => {
  assert.ok(concerns(hold({}), entry));
  assert.ok(concerns(hold({ ...entry, acceptedBefore: at + 1 }), entry));
  const others: Order['filter'][] = [
    { platform: { namespace: 'shop', name: 'other' } },
    { platform: { namespace: 'other', name: 'orders' } },
    { domain: 'other.test' },
    { destination: 'other.test' },
    { lane: 'transactional' },
    { id: idAt(at + 1) },
    { acceptedBefore: at },
  ];
  for (const other of others) assert.ok(!concerns(hold({ ...entry, ...other }), entry), JSON.stringify(other));
});

test('dropping goes before holding, the older before the newer; a retry decides nothing', () => {
  const drop = hold({}, { kind: 'drop', name: 'd', bounce: false, at: at + 9 } as Partial<Order>);
  const retry = hold({}, { kind: 'retry', name: 'r', held: false, at: 0 } as Partial<Order>);
  const older = hold({}, { name: 'older', at: at - 1 });
  assert.equal(orderFor([retry, hold({}), older], entry)?.name, 'older');
  assert.equal(orderFor([hold({}), older, drop], entry)?.name, 'd');
  assert.equal(orderFor([retry, hold({ domain: 'other.test' })], entry), undefined);
});

test('property: an order comes back as it was given', () => {
  const filter = fc.record(
    {
      domain: fc.domain(),
      destination: fc.domain(),
      lane: fc.constantFrom('transactional', 'bulk'),
      acceptedBefore: fc.nat(),
    },
    { requiredKeys: [], noNullPrototype: true },
  ) as fc.Arbitrary<Order['filter']>;
  fc.assert(
    fc.property(filter, (given) => {
      const order = hold(given);
      assert.deepEqual(decodeOrder(encodeOrder(order)), { ok: true, value: order });
    }),
  );
  for (const text of ['', '{}', '{"v":2}', JSON.stringify({ ...hold({}), name: 'a.b' })])
    assert.equal(decodeOrder(Buffer.from(text)).ok, false, text);
});

test('an order to drop mail and tell its senders spares the notices that tell them', () => {
  const drop = (bounce: boolean): Order => ({ ...hold({}), kind: 'drop', bounce });
  const notice = { ...entry, kind: 'dsn' } as const;
  assert.deepEqual([concerns(drop(true), entry), concerns(drop(true), notice)], [true, false]);
  assert.deepEqual([concerns(drop(false), notice), concerns(hold({}), notice)], [true, true]);
});
