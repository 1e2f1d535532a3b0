import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences } from './settings.ts';

test('what the server adds by itself is no difference', () => {
  const wanted = { name: 'MQ', subjects: ['mq.>'], republish: { src: 'a', dest: 'b' } };
  assert.deepEqual(
    differences(wanted, { ...wanted, republish: { ...wanted.republish, headers_only: false }, sealed: false }),
    [],
  );
});

test('a setting that is missing, another, longer or shorter is named', () => {
  const wanted = { allow_msg_schedules: true, max_bytes: 5, subjects: ['df.>', 'rt.>'] };
  assert.deepEqual(differences(wanted, { max_bytes: 6, subjects: ['df.>'] }), [
    'allow_msg_schedules=true',
    'max_bytes=5',
    'subjects=["df.>","rt.>"]',
  ]);
  assert.deepEqual(differences({ subjects: ['df.>'] }, { subjects: ['df.>', 'rt.>'] }), ['subjects=["df.>"]']);
  assert.deepEqual(differences({ republish: { src: 'a' } }, { republish: null }), ['republish={"src":"a"}']);
});
