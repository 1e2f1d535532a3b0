// The account of a run can find fault: each kind of wrong end is told from a right one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import type { RecipientResult } from '@relayfleet/contract/outcome.ts';
import { findingsOf, type Notice, type Receipt, type Run } from './final-states.ts';
import { anAttempt, anEnvelope } from './queue.ts';

const envelope = anEnvelope();
const { id } = envelope;
const to = 'someone@example.net';
const accepted: Run['submissions'][number] = {
  mark: 'm1',
  to: [to],
  platform: 'orders',
  offeredAt: 100,
  wantsNotice: true,
  refused: [],
  result: { kind: 'accepted', id, reply: '' },
};
const receipt: Receipt = { at: 1, by: 'node-1', mark: 'm1', id, to: [to], intact: true };
const notice: Notice = { at: 1, by: 'node-1', id: 'n1', mark: 'm1', failed: [to] };
const recorded = (...outcomes: readonly RecipientResult['outcome'][]): Run['record'] => {
  const results = outcomes.map((outcome): RecipientResult => ({ n: 0, outcome, category: 'peer', status: '2.0.0' }));
  return new Map([[id, results.map((result): AttemptedEvent => ({ ...anAttempt(envelope), results: [result] }))]]);
};

const delivered: Run = {
  submissions: [accepted],
  receipts: [receipt],
  notices: [],
  drops: [],
  record: recorded('deferred', 'delivered'),
};
const bounced: Run = {
  ...delivered,
  submissions: [{ ...accepted, refused: [to] }],
  receipts: [],
  notices: [notice],
  record: recorded('bounced'),
};
const expired = (maxAgeMs: number | undefined): Run => {
  const event: AttemptedEvent = { ...anAttempt(envelope), at: accepted.offeredAt + 60_000, results: [tooOld] };
  const submissions = [{ ...accepted, ...(maxAgeMs === undefined ? {} : { maxAgeMs }) }];
  return { ...bounced, submissions, record: new Map([[id, [event]]]) };
};
const tooOld: RecipientResult = { n: 0, outcome: 'expired', category: 'age', status: '4.4.7' };
const drop: Run['drops'][number] = { platform: 'orders', at: 200, bounce: false };
const onOrder = (outcome: RecipientResult['outcome']): AttemptedEvent => ({
  ...anAttempt(envelope),
  at: 300,
  node: 'node-2',
  results: [{ n: 0, outcome, category: 'order', status: '5.7.1' }],
});
const dropped: Run = { ...bounced, notices: [], drops: [drop], record: new Map([[id, [onOrder('dropped')]]]) };
const removed: Run = {
  ...bounced,
  drops: [{ ...drop, bounce: true }],
  record: new Map([[id, [onOrder('bounced')]]]),
};
const withResult = (result: Run['submissions'][number]['result'], run = delivered): Run => ({
  ...run,
  submissions: [{ ...accepted, result }],
});

const faults = [
  'lost',
  'deliveredAndBounced',
  'toldWrongly',
  'recordedWrongly',
  'droppedWrongly',
  'bouncedWrongly',
  'strange',
  'damaged',
  'duplicates',
] as const;

const runs: readonly (readonly [what: string, run: Run, wrong: readonly (typeof faults)[number][]])[] = [
  ['delivered', delivered, []],
  ['bounced', bounced, []],
  [
    'bounced, and the sender did not want to know',
    { ...bounced, submissions: [{ ...accepted, refused: [to], wantsNotice: false }], notices: [] },
    [],
  ],
  ['bounced, and nobody refused it', { ...bounced, submissions: [accepted] }, ['bouncedWrongly']],
  [
    'bounced, and another of its recipients was refused',
    { ...bounced, submissions: [{ ...accepted, refused: ['gone@example.net'] }] },
    ['bouncedWrongly'],
  ],
  ['given up when it was old', expired(60_000), []],
  ['given up before that', expired(60_001), ['bouncedWrongly']],
  ['given up, and it never is too old', expired(undefined), ['bouncedWrongly']],
  ['neither', { ...delivered, receipts: [], record: new Map() }, ['lost', 'recordedWrongly']],
  ['on record as delivered, and nobody has it', { ...delivered, receipts: [] }, ['lost', 'recordedWrongly']],
  ['waiting for ever', { ...delivered, receipts: [], record: recorded('deferred') }, ['lost', 'recordedWrongly']],
  ['delivered, and not on record', { ...delivered, record: new Map() }, ['recordedWrongly']],
  ['delivered, and reported as failed', { ...delivered, notices: [notice] }, ['deliveredAndBounced', 'toldWrongly']],
  [
    'delivered and bounced',
    { ...delivered, notices: [notice], record: recorded('delivered', 'bounced') },
    ['deliveredAndBounced', 'recordedWrongly', 'bouncedWrongly'],
  ],
  ['bounced, and nobody told', { ...bounced, notices: [] }, ['toldWrongly']],
  ['bounced, and told twice', { ...bounced, notices: [notice, { ...notice, id: 'n2' }] }, ['toldWrongly']],
  ['one notice that came twice', { ...bounced, notices: [notice, notice] }, ['duplicates']],
  ['delivered twice', { ...delivered, receipts: [receipt, receipt] }, ['duplicates']],
  ['not what was sent', { ...delivered, receipts: [{ ...receipt, intact: false }] }, ['damaged']],
  ['dropped', dropped, []],
  ['dropped, and no order was given', { ...dropped, drops: [] }, ['droppedWrongly']],
  [
    'dropped by the order about another platform',
    { ...dropped, drops: [{ ...drop, platform: 'news' }] },
    ['droppedWrongly'],
  ],
  ['dropped by an order from before', { ...dropped, drops: [{ ...drop, at: 99 }] }, ['droppedWrongly']],
  ['dropped in silence by an order that tells', { ...dropped, drops: [{ ...drop, bounce: true }] }, ['droppedWrongly']],
  ['dropped, and told', { ...dropped, notices: [notice] }, ['toldWrongly']],
  [
    'dropped, and bounced',
    { ...dropped, record: new Map([[id, [onOrder('dropped'), onOrder('bounced')]]]) },
    ['recordedWrongly', 'droppedWrongly'],
  ],
  ['dropped, and taken', { ...dropped, receipts: [receipt] }, ['duplicates']],
  [
    'dropped, and taken, and both on record',
    {
      ...dropped,
      receipts: [receipt],
      record: new Map([[id, [onOrder('dropped'), ...(delivered.record.get(id) ?? [])]]]),
    },
    ['duplicates'],
  ],
  [
    'not on record, although an order would have dropped it',
    { ...dropped, record: new Map() },
    ['lost', 'recordedWrongly'],
  ],
  ['ended by an order that tells', removed, []],
  ['ended by an order that tells, and taken', { ...removed, receipts: [receipt] }, ['duplicates']],
  ['ended by an order that tells, and nobody told', { ...removed, notices: [] }, ['toldWrongly']],
  ['bounced, and an order dropped its notice', { ...bounced, notices: [], drops: [drop] }, []],
  ['for somebody else', { ...delivered, receipts: [receipt, { ...receipt, to: ['other@example.net'] }] }, ['strange']],
  ['refused, and delivered', withResult({ kind: 'refused', code: 550, reply: '', at: 'RCPT' }), ['strange']],
  ['broken off, and delivered', withResult({ kind: 'unanswered', problem: '', dotSent: false }), ['strange']],
  ['unanswered, and delivered', withResult({ kind: 'unanswered', problem: '', dotSent: true }), []],
  [
    'unanswered, and nothing came of it',
    withResult({ kind: 'unanswered', problem: '', dotSent: true }, { ...delivered, receipts: [] }),
    [],
  ],
];

for (const [what, run, wrong] of runs)
  test(what, () => {
    const findings = findingsOf(run);
    assert.deepEqual(
      faults.filter((fault) => findings[fault].length > 0),
      wrong,
    );
  });
