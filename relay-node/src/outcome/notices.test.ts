import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Envelope, Recipient } from '@relayfleet/contract/envelope.ts';
import { isMailId } from '@relayfleet/contract/mail-id.ts';
import { attemptOutcomes } from '@relayfleet/contract/outcome.ts';
import type { Verdict } from './classify.ts';
import { noticesDue, tellsOfDelay, type Action } from './notices.ts';
import { anEnvelope } from './testing/envelope.ts';

const envelope = anEnvelope();
const early = { late: false };
const late = { late: true };

type Given = { readonly notify?: Recipient['notify']; readonly outcome: Verdict['outcome']; readonly relayed?: true };
const outcomesOf = (...given: readonly Given[]) =>
  given.map(({ notify, ...verdict }, n) => ({
    recipient: { n, address: `r${n}@to.test`, ...(notify === undefined ? {} : { notify }) },
    verdict: { category: 'peer', status: '4.0.0', why: 'w', ...verdict } as const,
    hop: 'mx.test',
  }));
const actions = (changes: Partial<Envelope>, given: Given, occasion = late): readonly Action[] =>
  noticesDue({ ...envelope, ...changes }, outcomesOf(given), occasion).map(({ action }) => action);

/** Who is told what: RFC 3461 §4.1 as a table. `-` is no NOTIFY at all. */
const told: readonly (readonly [string, Given['outcome'] | 'relayed', readonly Action[]])[] = [
  ['-', 'bounced', ['failed']],
  ['-', 'expired', ['failed']],
  ['-', 'deferred', ['delayed']],
  ['-', 'delivered', []],
  ['-', 'relayed', []],
  ['NEVER', 'bounced', []],
  ['NEVER', 'deferred', []],
  ['NEVER', 'relayed', []],
  ['FAILURE', 'bounced', ['failed']],
  ['FAILURE', 'deferred', []],
  ['FAILURE', 'relayed', []],
  ['DELAY', 'expired', []],
  ['DELAY', 'deferred', ['delayed']],
  ['SUCCESS', 'bounced', []],
  ['SUCCESS', 'deferred', []],
  ['SUCCESS', 'delivered', []],
  ['SUCCESS', 'relayed', ['relayed']],
  ['SUCCESS,FAILURE,DELAY', 'relayed', ['relayed']],
];
for (const [notify, what, expected] of told)
  test(`NOTIFY ${notify}, ${what}: ${expected.join() || 'nothing'}`, () => {
    const outcome = what === 'relayed' ? ({ outcome: 'delivered', relayed: true } as const) : { outcome: what };
    const wishes = notify === '-' ? {} : { notify: notify.split(',') as NonNullable<Recipient['notify']> };
    assert.deepEqual(actions({}, { ...wishes, ...outcome }), expected);
  });

test('lateness is told once', () => {
  assert.deepEqual(actions({}, { outcome: 'deferred' }, early), []);
  assert.deepEqual(actions({}, { outcome: 'deferred' }, late), ['delayed']);
  assert.deepEqual(actions({ delayTold: true }, { outcome: 'deferred' }), []);
  assert.deepEqual(actions({ delayTold: true }, { outcome: 'expired' }), ['failed']);
});

test('nothing is said about a notice, nor to the null sender', () => {
  const everything = [{ outcome: 'bounced' }, { outcome: 'deferred' }] as const;
  for (const changes of [{ kind: 'dsn' }, { sender: '' }] as const)
    assert.deepEqual(noticesDue({ ...envelope, ...changes }, outcomesOf(...everything), late), []);
});

test('the id of a notice is always the same, by whichever attempt it is due', () => {
  const ids = (changes: Partial<Envelope> = {}) =>
    noticesDue(
      { ...envelope, ...changes },
      outcomesOf(
        { outcome: 'bounced' },
        { outcome: 'deferred' },
        { outcome: 'delivered', relayed: true, notify: ['SUCCESS'] },
      ),
      late,
    ).map(({ id }) => id);
  const [failed, delayed, relayed] = ids();
  assert.deepEqual(ids(), [failed, delayed, relayed]);
  assert.equal(new Set([failed, delayed, relayed]).size, 3);
  assert.ok(ids().every(isMailId));
  assert.deepEqual(ids({ attempt: 4 }), ids(), 'whoever else tried meanwhile');
  assert.ok(ids({ k: 1 }).every((id) => !ids().includes(id)));
});

test('whatever the outcomes and wishes: at most one notice of an action, nobody in two, nobody unasked', () => {
  const notify = fc.option(fc.subarray(['SUCCESS', 'FAILURE', 'DELAY'] as const, { minLength: 1 }), { nil: undefined });
  const one = fc.record({ notify, outcome: fc.constantFrom(...attemptOutcomes), taken: fc.boolean() });
  const word = { failed: 'FAILURE', delayed: 'DELAY', relayed: 'SUCCESS' } as const;
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), fc.boolean(), (all, isLate) => {
      const given = all.map(({ taken, notify: wish, outcome }) => ({
        outcome,
        ...(wish === undefined ? {} : { notify: wish }),
        ...(taken && outcome === 'delivered' ? { relayed: true as const } : {}),
      }));
      const notices = noticesDue(envelope, outcomesOf(...given), isLate ? late : early);
      assert.equal(new Set(notices.map(({ action }) => action)).size, notices.length);
      const named = notices.flatMap(({ about }) => about.map(({ recipient }) => recipient.n));
      assert.equal(new Set(named).size, named.length);
      for (const { action, about } of notices)
        for (const { recipient } of about) assert.ok(recipient.notify?.includes(word[action]) ?? action !== 'relayed');
      assert.equal(
        tellsOfDelay(notices),
        notices.some(({ action }) => action === 'delayed'),
      );
    }),
  );
});
