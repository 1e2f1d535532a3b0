import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeEntry, encodeEntry } from '@relayfleet/contract/envelope.ts';
import fc from 'fast-check';
import { domainPolicy, platformPolicy } from '../../../test/harness/snapshot.ts';
import { destinationsOf, inlineLimit, isInlined, toEnvelopes, type AcceptedMail } from './entries.ts';

const recipient = (address: string) => ({ address, unusable: [], malformed: [] });
const own = (domain: string) => domain;
const mail: AcceptedMail = {
  id: '01JDCEXAMPLE0000000000000A',
  platform: platformPolicy(),
  domain: domainPolicy(),
  sender: 'orders@shop.test',
  transaction: {
    sender: { address: 'orders@shop.test', smtputf8: true, ret: 'HDRS', envid: 'e+3D1', unusable: [], malformed: [] },
    recipients: [],
  },
  eightBit: true,
  at: 1_700_000_000_000,
  node: 'node-0',
};

test('recipients are grouped by destination, keep their order and know their place in the mail', () => {
  const recipients = ['a@one.test', 'b@two.test', 'c@One.test'].map(recipient);
  assert.deepEqual(destinationsOf(recipients, own), [
    {
      name: 'one.test',
      recipients: [
        { n: 0, address: 'a@one.test' },
        { n: 2, address: 'c@one.test' },
      ],
    },
    { name: 'two.test', recipients: [{ n: 1, address: 'b@two.test' }] },
  ]);
});

test('one destination takes all when routing says so', () => {
  assert.equal(destinationsOf(['a@one.test', 'b@two.test'].map(recipient), () => 'smart.shop.test').length, 1);
});

test('DSN parameters stay with their recipient, and nothing else of the command', () => {
  const [group] = destinationsOf(
    [{ address: 'a@one.test', notify: ['NEVER'], orcpt: 'rfc822;x', unusable: [], malformed: [] }],
    own,
  );
  assert.deepEqual(group?.recipients, [{ n: 0, address: 'a@one.test', notify: ['NEVER'], orcpt: 'rfc822;x' }]);
});

test('a body is inlined when it is small and has one destination', () => {
  const [one, two] = [['a@one.test'], ['a@one.test', 'b@two.test']].map((list) =>
    destinationsOf(list.map(recipient), own),
  );
  assert.equal(isInlined(one!, inlineLimit), true);
  assert.equal(isInlined(one!, inlineLimit + 1), false);
  assert.equal(isInlined(two!, 10), false);
});

test('envelopes are what the contract reads, k of how many', () => {
  const destinations = destinationsOf(['a@one.test', 'b@two.test'].map(recipient), own);
  const body = { kind: 'chunks', size: 3, chunks: 1, sha256: 'a'.repeat(64) } as const;
  const envelopes = toEnvelopes(mail, destinations, body);
  for (const [k, envelope] of envelopes.entries()) {
    const read = decodeEntry(encodeEntry(envelope));
    assert.ok(read.ok, read.ok ? '' : read.problem);
    assert.deepEqual(read.value.envelope, envelope);
    assert.deepEqual([envelope.k, envelope.of, envelope.destination], [k, 2, destinations[k]?.name]);
  }
  const { ret, envid, smtputf8, eightBit, attempt, due, acceptedAt, lane, domain, domainRef } = envelopes[0]!;
  assert.deepEqual([domain, domainRef], ['shop.test', { namespace: 'shop', name: 'shop' }]);
  assert.deepEqual([ret, envid, smtputf8, eightBit, lane], ['HDRS', 'e+3D1', true, true, 'transactional']);
  assert.deepEqual([attempt, due, acceptedAt], [0, mail.at, mail.at]);
});

test('property: every recipient is in exactly one entry', () => {
  const address = fc
    .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('one.test', 'two.test', 'three.test'))
    .map(([l, d]) => `${l}@${d}`);
  fc.assert(
    fc.property(fc.array(address, { minLength: 1, maxLength: 50 }), (addresses) => {
      const placed = destinationsOf(addresses.map(recipient), own).flatMap(({ recipients }) => recipients);
      assert.deepEqual(
        placed.toSorted((a, b) => a.n - b.n).map((r) => r.address),
        addresses,
      );
    }),
  );
});
