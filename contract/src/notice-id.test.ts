import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMailId, mailIdTime, newMailId } from './mail-id.ts';
import { noticeActions, noticeId, type NoticeOrigin } from './notice-id.ts';

type Result = NoticeOrigin['results'][number];

const id = newMailId(1_700_000_000_000, () => new Uint8Array(10));
const one = (n: number, outcome: Result['outcome']): Result => ({ n, outcome });
const relayed = (n: number): Result => ({ n, outcome: 'delivered', relayed: true });
const idsOf = (k: number, ...results: readonly Result[]) =>
  noticeActions.map((action) => noticeId(action, { id, k, results }));

test('a notice’s id is the same on every call, and another for every action, entry and recipient', () => {
  const mixed = [one(0, 'bounced'), relayed(1), one(2, 'deferred')];
  const ids = [
    ...idsOf(0, ...mixed),
    ...idsOf(1, ...mixed),
    noticeId('failed', { id, k: 0, results: [one(1, 'bounced')] }),
    noticeId('failed', { id, k: 0, results: [one(0, 'bounced'), one(1, 'bounced')] }),
    noticeId('relayed', { id, k: 0, results: [relayed(0)] }),
  ];
  assert.deepEqual(idsOf(0, ...mixed), ids.slice(0, 3));
  assert.equal(new Set(ids).size, ids.length);
  for (const each of ids) assert.ok(isMailId(each) && mailIdTime(each) === mailIdTime(id), each);
});

test('two attempts that overlapped and end the same recipients give rise to one notice, whatever became of the others', () => {
  const earlier = idsOf(0, one(0, 'bounced'), one(1, 'delivered'), one(2, 'deferred'), relayed(10), one(9, 'expired'));
  const later = idsOf(0, one(9, 'bounced'), relayed(10), one(0, 'expired'), one(2, 'delivered'), one(1, 'deferred'));
  assert.deepEqual(later, earlier);
});

test('ids stay what they are: another one would send the notices that are queued again', () => {
  assert.deepEqual(idsOf(0, one(0, 'bounced'), relayed(1), one(2, 'deferred')), [
    '01HF7YAT00BZ64CQDYD3RT9NCV',
    '01HF7YAT00YQH36MQ9GPKGCNR7',
    '01HF7YAT00MQW80T1MASV61GEV',
  ]);
  assert.equal(noticeId('delayed', { id, k: 1, results: [] }), '01HF7YAT00GDTSEE408C7MB4RN');
});
