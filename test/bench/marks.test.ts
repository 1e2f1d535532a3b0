import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missedPace, missedRatios } from './marks.ts';

const measured = (rates: Readonly<Record<string, number>>) =>
  new Map(Object.entries(rates).map(([name, perSecond]) => [name, { perSecond }]));

test('a ratio below its mark is told, each by itself; who was not measured is not missed', () => {
  assert.deepEqual(missedRatios(measured({ relayfleet: 400, 'Postfix + OpenDKIM': 100, Haraka: 160 })), []);
  assert.deepEqual(missedRatios(measured({ relayfleet: 399, 'Postfix + OpenDKIM': 100, Haraka: 160 })), [
    '3.99 x Postfix + OpenDKIM, to be 4 x at least',
    '2.49 x Haraka, to be 2.5 x at least',
  ]);
  assert.deepEqual(missedRatios(measured({ relayfleet: 1 })), []);
});

test('five in a hundred mails a second lost to a backlog are too many', () => {
  assert.deepEqual(missedPace({ before: 1000, during: 951 }), []);
  assert.equal(missedPace({ before: 1000, during: 950 }).length, 1);
});
