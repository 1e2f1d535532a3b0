import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { concerns, type Order, type OrderFilter, type Orders } from '@relayfleet/contract/order.ts';
import fc from 'fast-check';
import { choose, isWithin, type Chosen } from './release.ts';

const platform = { namespace: 'shop', name: 'orders' };
const hold = (name: string, filter: OrderFilter): Order => ({ v: 1, kind: 'hold', name, filter, reason: '', at: 1 });
const wide = hold('hold-wide', { platform });
const narrow = hold('hold-narrow', { platform, destination: 'b.test' });
const other = hold('hold-other', { destination: 'c.test' });
const drop: Order = { v: 1, kind: 'drop', bounce: false, name: 'drop-1', filter: { platform }, reason: '', at: 1 };
const standing = [wide, narrow, other, drop];
const inForce = (orders: readonly Order[]): Orders => ({ standing: orders, unread: [] });
const names = (chosen: readonly Chosen[] | string) =>
  typeof chosen === 'string' ? chosen : chosen.map(({ name }) => name);

test('by name any order is taken back', () => {
  assert.deepEqual(names(choose(inForce(standing), { names: ['drop-1', 'hold-other'] })), ['hold-other', 'drop-1']);
  assert.match(
    String(choose(inForce(standing), { names: ['hold-x'] })),
    /no order in force is called hold-x; in force: hold-wide/,
  );
  assert.match(String(choose(inForce([]), { names: ['hold-x'] })), /no order is in force/);
});

test('by filter every hold that is about nothing else', () => {
  assert.deepEqual(names(choose(inForce(standing), { within: { platform } })), ['hold-wide', 'hold-narrow']);
  assert.deepEqual(names(choose(inForce(standing), { within: { destination: 'b.test' } })), ['hold-narrow']);
  assert.deepEqual(names(choose(inForce(standing), { within: {} })), ['hold-wide', 'hold-narrow', 'hold-other']);
  assert.match(
    String(choose(inForce(standing), { within: { domain: 'x.test' } })),
    /no hold is about from x.test alone/,
  );
  assert.equal(choose(inForce([]), { within: {} }), 'no hold is in force; no order is in force');
});

test('what cannot be read is taken back by its name alone: it may be a drop, and somebody else’s', () => {
  const standIn = hold('drop-newer', { platform });
  const unread = [
    { name: 'drop-newer', problem: 'v: expected 1', holds: true },
    { name: 'retry-newer', problem: 'v: expected 1', holds: false },
  ];
  const orders = { standing: [wide, standIn], unread };
  assert.deepEqual(names(choose(orders, { within: {} })), ['hold-wide']);
  assert.deepEqual(names(choose(orders, { within: { platform } })), ['hold-wide']);
  assert.match(
    String(choose({ standing: [standIn], unread }, { within: {} })),
    /no hold is in force; in force: drop-newer \(cannot be read here, may be a drop: .* by its name alone/,
  );
  assert.deepEqual(names(choose(orders, { names: ['drop-newer'] })), ['drop-newer']);
  assert.deepEqual(choose(orders, { names: ['retry-newer'] }), [{ name: 'retry-newer' }], 'though nobody obeys it');
});

test('what is within another filter concerns nothing that the other does not', () => {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const word = fc.constantFrom('a', 'b');
  const ids = [0, 5].map((at) => newMailId(at, () => new Uint8Array(10)));
  const ref = fc.record({ namespace: word, name: word }, { noNullPrototype: true });
  const lane = fc.constantFrom('transactional', 'bulk');
  const filters = fc
    .record({
      platform: maybe(ref),
      domain: maybe(word),
      destination: maybe(word),
      lane: maybe(lane),
      id: maybe(fc.constantFrom(...ids)),
      acceptedBefore: maybe(fc.constantFrom(1, 6)),
    })
    .map(
      (filter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as OrderFilter,
    );
  const entries = fc.record({ platform: ref, domain: word, destination: word, lane, id: fc.constantFrom(...ids) });
  fc.assert(
    fc.property(filters, filters, entries, (a, b, entry) => {
      if (isWithin(a, b) && concerns({ filter: a }, entry)) assert.ok(concerns({ filter: b }, entry));
      assert.ok(isWithin(a, a) && isWithin(a, {}));
    }),
  );
});
