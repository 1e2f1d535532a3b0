import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { guaranteeProblems } from './guarantees.ts';

const root = join(import.meta.dirname, '../..');
const page = 'docs/guarantees.md';
const problemsOf = (text: string) => guaranteeProblems(root, page, text);

test('every promise of docs/guarantees.md names a test that exists, or says why there is none', () => {
  assert.deepEqual(problemsOf(readFileSync(join(root, page), 'utf8')), []);
});

test('a promise without a test, and one whose test is gone or has no such title, is told', () => {
  const own = '../hack/gen/guarantees.test.ts';
  const title = 'every promise of docs/guarantees.md names a test that exists, or says why there is none';
  const row = (shownBy: string) => `| what | shown by |\n| --- | --- |\n| all of it | ${shownBy} |`;
  for (const write of [row, (shownBy: string) => `- All of it. ${shownBy}`]) {
    assert.deepEqual(problemsOf(write(`[${title}](${own})`)), []);
    assert.deepEqual(problemsOf(write('No test: it is about the weather.')), []);
    assert.match(problemsOf(write('a test')).join(), /^no test: /);
    assert.match(problemsOf(write(`[${title}](../hack/gen/gone.test.ts)`)).join(), /^no such test: .*gone/);
    assert.match(problemsOf(write(`[another](${own})`)).join(), /has no test "another"/);
  }
});
