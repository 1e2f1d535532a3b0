import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newMailId } from './mail-id.ts';
import { concerns, decodeOrder, encodeOrder, orderFor, standInFor, type Order, type OrderedEntry } from './order.ts';

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

const filters = fc.record(
  {
    platform: fc.constantFrom({ namespace: 'shop', name: 'orders' }, { namespace: 'other', name: 'orders' }),
    domain: fc.constantFrom('shop.test', 'other.test'),
    destination: fc.constantFrom('to.test', 'other.test'),
    lane: fc.constantFrom('transactional', 'bulk'),
    id: fc.constantFrom(idAt(at), idAt(at + 1)),
    acceptedBefore: fc.constantFrom(at, at + 1),
  },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<Order['filter']>;

test('property: an order comes back as it was given', () => {
  fc.assert(
    fc.property(filters, (given) => {
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

test('an order about what is held leaves what is not', () => {
  const held = { ...entry, heldSince: at };
  const [drop, all]: Order[] = [true, false].map((only) => ({ ...hold({}), kind: 'drop', bounce: false, held: only }));
  assert.ok(drop !== undefined && all !== undefined);
  assert.deepEqual([concerns(drop, entry), concerns(drop, held), concerns(all, entry)], [false, true, true]);
  assert.equal(orderFor([drop, hold({})], entry)?.kind, 'hold');
  assert.equal(orderFor([drop, hold({})], held)?.kind, 'drop');
  assert.deepEqual(decodeOrder(encodeOrder(drop)), { ok: true, value: drop });
});

test('an order with a word that is not understood is not obeyed as if it were not there', () => {
  const platform = { namespace: 'shop', name: 'orders', kind: 'SenderPlatform' };
  const unknown: readonly object[] = [
    { ...hold({}), until: at },
    { ...hold({}), filter: { size: 5 } },
    { ...hold({}), filter: { platform } },
    { ...hold({}), kind: 'drop', bounce: false, quietly: true },
    { ...hold({}), kind: 'retry', held: false, slowly: true },
    { ...hold({}), v: 2 },
  ];
  for (const order of unknown)
    assert.equal(decodeOrder(Buffer.from(JSON.stringify(order))).ok, false, JSON.stringify(order));
});

const about = { name: 'h', at, problem: 'filter: Unrecognized key' };

test('property: where a hold or a drop cannot be read, whatever it may be about is held', () => {
  const strange = fc.record(
    { size: fc.nat(), lane: fc.constant('express'), id: fc.constant(7) },
    { requiredKeys: ['size'] },
  );
  fc.assert(
    fc.property(filters, strange, fc.constantFrom('hold', 'drop'), (given, words, kind) => {
      const filter = { ...given, ...words };
      const bytes = Buffer.from(JSON.stringify({ ...hold({}), kind, filter }));
      assert.equal(decodeOrder(bytes).ok, false);
      const standIn = standInFor(bytes, about);
      assert.ok(standIn?.kind === 'hold' && decodeOrder(encodeOrder(standIn)).ok);
      const { lane, id, ...others } = given;
      const known = { ...others, ...('lane' in words ? {} : lane && { lane }), ...('id' in words ? {} : id && { id }) };
      assert.deepEqual(standIn.filter, known);
      if (concerns(hold(given), entry)) assert.ok(concerns(standIn, entry));
    }),
  );
});

test('what names no hold and no drop holds nothing; a hold that names nothing readable holds everything', () => {
  for (const text of [
    '',
    '{}',
    '"hold"',
    JSON.stringify({ ...hold({}), kind: 'retry' }),
    '{"kind":"pause","filter":{}}',
  ])
    assert.equal(standInFor(Buffer.from(text), about), undefined, text);
  for (const text of ['{"kind":"hold"}', '{"kind":"drop","filter":null}', '{"kind":"drop","filter":["x"]}'])
    assert.deepEqual(standInFor(Buffer.from(text), about)?.filter, {}, text);
});
