import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMailId, mailIdTime, newMailId } from './mail-id.ts';
import { noticeActions, noticeId } from './notice-id.ts';

const id = newMailId(1_700_000_000_000, () => new Uint8Array(10));

test('a notice’s id is the same on every call, and another for every occasion', () => {
  const ids = noticeActions.flatMap((action) =>
    [0, 1].flatMap((k) => [0, 1].map((attempt) => noticeId(action, { id, k, attempt }))),
  );
  assert.deepEqual(
    ids,
    noticeActions.flatMap((action) =>
      [0, 1].flatMap((k) => [0, 1].map((attempt) => noticeId(action, { id, k, attempt }))),
    ),
  );
  assert.equal(new Set(ids).size, 4 + 2 + 4, 'a delay is told once an entry');
  for (const one of ids) assert.ok(isMailId(one) && mailIdTime(one) === mailIdTime(id), one);
});

test('ids of notices already queued stay what they are', () => {
  // Made by the form of this function that first sent mail: another id would send the same notice again.
  assert.equal(noticeId('failed', { id, k: 0, attempt: 0 }), '01HF7YAT00BQACQ3KXM1V4NP07');
  assert.equal(noticeId('delayed', { id, k: 1, attempt: 2 }), '01HF7YAT00GDTSEE408C7MB4RN');
  assert.equal(noticeId('relayed', { id, k: 0, attempt: 3 }), '01HF7YAT00NMFH4H4HSTNWQEZA');
});
