import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import type { MailListing, MailState } from '@relayfleet/jetstream/list-mail.ts';
import { agesTable, tally, countsLine, countsTable, groupEntries } from './counts.ts';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const entry = (state: MailState, destination: string, ageMs: number, name = 'orders'): MailListing => ({
  state,
  subject: 's',
  key: {
    destination,
    platform: { namespace: 'shop', name },
    id: newMailId(now - ageMs, () => new Uint8Array(10)),
    k: 0,
  },
});
const entries = [
  entry('ready', 'a.test', 0),
  entry('deferred', 'b.test', hour),
  entry('deferred', 'b.test', 100 * hour, 'news'),
];

test('entries are counted by state and destination, the most first', () => {
  const counts = tally(entries, now);
  assert.equal(counts.total, 3);
  assert.deepEqual(counts.states, { ready: 1, retry: 0, deferred: 2, held: 0, dead: 0 });
  assert.deepEqual(
    counts.destinations.map(({ name, total }) => [name, total]),
    [
      ['b.test', 2],
      ['a.test', 1],
    ],
  );
  assert.equal(countsLine(counts), '3 entries: 1 ready, 2 deferred');
  assert.equal(countsLine(tally([], now)), 'no entries');
  assert.equal(
    countsTable(counts),
    'DESTINATION   TOTAL   READY   DEFERRED\nb.test        2       0       2\na.test        1       1       0\n',
  );
});

test('of many destinations the rest is one line, and nothing is lost in it', () => {
  const many = Array.from({ length: 20 }, (_, i) => entry('ready', `d${i}.test`, 0));
  const lines = countsTable(tally(many, now), 15).trimEnd().split('\n');
  assert.equal(lines.length, 1 + 15 + 1);
  assert.equal(lines.at(-1), 'and 5 entries for 5 more destinations');
});

test('ages stand in the column they belong to, and each entry in one', () => {
  const text = agesTable(groupEntries(entries, 'destination', now), 'destination');
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {3,}/)),
    [
      ['DESTINATION', 'TOTAL', '<5m', '<30m', '<2h', '<8h', '<1d', '<3d', 'older'],
      ['TOTAL', '3', '1', '0', '1', '0', '0', '0', '1'],
      ['b.test', '2', '0', '0', '1', '0', '0', '0', '1'],
      ['a.test', '1', '1', '0', '0', '0', '0', '0', '0'],
    ],
  );
});

test('what a subject does not tell is grouped as unknown', () => {
  const names = (by: 'platform' | 'domain' | 'lane') => groupEntries(entries, by, now).map(({ name }) => name);
  assert.deepEqual(names('platform'), ['shop/orders', 'shop/news']);
  assert.deepEqual(names('domain'), ['unknown']);
});
