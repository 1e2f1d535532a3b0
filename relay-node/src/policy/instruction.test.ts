import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import { usernameOf } from '@relayfleet/contract/snapshot.ts';
import { domainPolicy, fleetPolicy, platformPolicy, snapshotOf } from '../../../test/harness/snapshot.ts';
import { instruct, type Instruction } from './instruction.ts';

const entry = {
  id: '01JDCEXAMPLE0000000000000A',
  platform: { namespace: 'shop', name: 'orders' },
  domain: 'shop.test',
  domainRef: { namespace: 'shop', name: 'shop' },
  destination: 'to.test',
  lane: 'bulk',
} as unknown as Envelope;
const suspended = { reason: 'an incident' };
const about = { v: 1, reason: '', at: 1 } as const;
const hold: Order = { ...about, kind: 'hold', name: 'h', filter: { destination: 'to.test' } };
const drop: Order = { ...about, kind: 'drop', name: 'd', filter: { lane: 'bulk' }, bounce: true };
const retry: Order = { ...about, kind: 'retry', name: 'r', filter: {}, held: false };
const stopped = snapshotOf({ domains: [domainPolicy({ suspended })] });
const elsewhere = { namespace: 'rival', name: 'shop' };
const orders = { namespace: 'rival', name: 'orders' };

const cases: Readonly<Record<string, readonly [ReturnType<typeof snapshotOf>, readonly Order[], Instruction]>> = {
  'nobody says anything': [snapshotOf(), [], { kind: 'send' }],
  'an order to try it': [snapshotOf(), [retry], { kind: 'send' }],
  'an order about other mail': [snapshotOf(), [{ ...hold, filter: { destination: 'else.test' } }], { kind: 'send' }],
  'its fleet is suspended': [
    snapshotOf({ fleet: fleetPolicy({ suspended }) }),
    [],
    { kind: 'hold', reason: 'suspended' },
  ],
  'its domain is suspended': [stopped, [], { kind: 'hold', reason: 'suspended' }],
  'its platform is suspended': [
    snapshotOf({ platforms: [platformPolicy({ suspended })] }),
    [],
    { kind: 'hold', reason: 'suspended' },
  ],
  'its platform and domain are gone': [snapshotOf({ domains: [], platforms: [] }), [], { kind: 'send' }],
  'another RelayDomain has its domain by now, and is suspended': [
    snapshotOf({ domains: [domainPolicy({ ref: elsewhere, suspended })] }),
    [],
    { kind: 'send' },
  ],
  'a platform of its name in another namespace is suspended': [
    snapshotOf({ platforms: [platformPolicy({ ref: orders, username: usernameOf(orders), suspended })] }),
    [],
    { kind: 'send' },
  ],
  'an order to hold it': [snapshotOf(), [hold], { kind: 'hold', reason: 'order' }],
  'an order to drop what another holds': [snapshotOf(), [hold, drop], { kind: 'drop', bounce: true, order: 'd' }],
  'an order to drop what is held, not looked at yet': [
    snapshotOf(),
    [hold, { ...drop, held: true }],
    { kind: 'hold', reason: 'order' },
  ],
  'an order to drop what is suspended': [stopped, [drop], { kind: 'drop', bounce: true, order: 'd' }],
};
for (const [what, [snapshot, orders, expected]] of Object.entries(cases))
  test(what, () => assert.deepEqual(instruct(snapshot, orders, entry), expected));

test('an order to drop what is held drops what was put back for that', () => {
  const instruction = instruct(snapshotOf(), [hold, { ...drop, held: true }], { ...entry, heldSince: 1 });
  assert.deepEqual(instruction, { kind: 'drop', bounce: true, order: 'd' });
});

test('a new snapshot is looked at anew', () => {
  assert.equal(instruct(stopped, [], entry).kind, 'hold');
  assert.equal(instruct(snapshotOf(), [], entry).kind, 'send');
});
