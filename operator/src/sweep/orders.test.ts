import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import type { OrderFilter } from '@relayfleet/contract/order.ts';
import { deferredSubject, mailSubject, retrySubject } from '@relayfleet/contract/subjects.ts';
import { concernsEntry, mayConcern, narrowing, type Task } from './orders.ts';

const acceptedAt = 1_700_000_000_000;
const id = newMailId(acceptedAt, (count) => new Uint8Array(count));
const platform = { namespace: 'team', name: 'shop' };
const envelope = {
  v: 1,
  id,
  k: 0,
  of: 1,
  kind: 'mail',
  platform,
  domain: 'shop.test',
  lane: 'bulk',
  destination: 'a.test',
  sender: 'x@shop.test',
  recipients: [{ n: 0, address: 'y@a.test' }],
  smtputf8: false,
  eightBit: false,
  acceptedAt,
  acceptedBy: 'node',
  attempt: 1,
  due: acceptedAt,
  settled: { delivered: 0, bounced: 0, expired: 0, dropped: 0 },
  body: { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) },
} satisfies Envelope;

const common = { v: 1, name: 'o', reason: '', at: 1 } as const;
const retry = (filter: OrderFilter, held = false): Task => ({ ...common, kind: 'retry', held, filter });
const drop = (filter: OrderFilter, held?: true): Task => ({
  ...common,
  kind: 'drop',
  bounce: false,
  filter,
  ...(held && { held }),
});

const fitting: readonly OrderFilter[] = [
  {},
  { platform },
  { domain: 'shop.test' },
  { destination: 'a.test' },
  { lane: 'bulk' },
  { id },
  { acceptedBefore: acceptedAt + 1 },
];
const others: readonly OrderFilter[] = [
  { platform: { ...platform, name: 'x' } },
  { domain: 'x.test' },
  { destination: 'x.test' },
  { lane: 'transactional' },
  { id: id.replace(/.$/, '1') },
  { acceptedBefore: acceptedAt },
];

test('subject and envelope come to the same answer for every filter, wherever the entry is', () => {
  for (const [filters, expected] of [
    [fitting, true],
    [others, false],
  ] as const)
    for (const filter of filters) {
      for (const subject of [mailSubject(envelope), retrySubject(envelope), deferredSubject(envelope, envelope.due)])
        assert.equal(mayConcern({ filter }, subject), expected, `${subject} ${JSON.stringify(filter)}`);
      assert.equal(concernsEntry(retry(filter), encodeEntry(envelope)), expected, JSON.stringify(filter));
    }
});

test('a subject of early builds leaves lane and domain to the envelope, and the rest is told', () => {
  const early = `df.${Math.floor(acceptedAt / 60_000)}.0.a~test.team_shop.${id}.0`;
  for (const filter of [{ lane: 'transactional' }, { domain: 'x.test' }] as const)
    assert.equal(mayConcern({ filter }, early), true);
  assert.equal(mayConcern({ filter: { lane: 'bulk', destination: 'x.test' } }, early), false);
});

test('what is no entry’s subject concerns nobody', () => {
  for (const subject of ['df.1', 'b.x.0000', '']) assert.equal(mayConcern({ filter: {} }, subject), false);
});

test('an order about what is held leaves the rest, one that says nothing of it takes both', () => {
  const [free, held] = [encodeEntry(envelope), encodeEntry({ ...envelope, heldSince: 5 })];
  assert.deepEqual([concernsEntry(retry({}, true), free), concernsEntry(retry({}, true), held)], [false, true]);
  assert.deepEqual([concernsEntry(retry({}), free), concernsEntry(retry({}), held)], [true, true]);
  assert.deepEqual([concernsEntry(drop({}), free), concernsEntry(drop({}), held)], [true, true]);
  assert.deepEqual([concernsEntry(drop({}, true), free), concernsEntry(drop({}, true), held)], [false, true]);
});

test('an entry that cannot be read is left alone', () => {
  for (const task of [retry({}), drop({})])
    for (const bytes of [Buffer.from('?'), encodeEntry({ ...envelope, v: 99 as 1 })])
      assert.equal(concernsEntry(task, bytes), false);
});

test('the server is asked for what every subject tells, and no more', () => {
  const filter = { platform, destination: 'a.test', id, domain: 'shop.test', lane: 'bulk', acceptedBefore: 5 } as const;
  assert.deepEqual(narrowing({ filter }), { platform, destination: 'a.test', id });
  assert.deepEqual(narrowing({ filter: {} }), {});
});
