import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasTestTitle } from './test-titles.ts';

const source = `
const cases = { 'a null MX': 1, taken: 2, other: [['rcpt', '452 full'], ["it’s", 'x']] };
const never = 'said nowhere as a title, only here';
test('a plain title', async () => {});
  await t.test("one of a test's parts", () => undefined);
test(
  'one on a line of its own',
  { timeout: 1 },
  () => undefined,
);
for (const [stage, reply] of cases.other) test(\`\${stage}: \${reply.slice(0, 60)}\`, () => undefined);
for (const [name, cut] of list) test(\`\${JSON.stringify({ name })} is cut \${cut ? 'there' : 'here'}\`, () => undefined);
latest('no test of ours', () => undefined);
`;
const table = `${source}for (const [name] of Object.entries(cases)) test(name, () => undefined);`;

test('a title is there as it is written, and not a part of it', () => {
  for (const title of ['a plain title', "one of a test's parts", 'one on a line of its own'])
    assert.ok(hasTestTitle(source, title), title);
  for (const title of ['a plain', 'plain title', 'gone', '', 'no test of ours', 'cases'])
    assert.ok(!hasTestTitle(source, title), title);
});

test('a title made of parts is there with parts that are, or with … for them', () => {
  for (const title of ['rcpt: 452 full', '…: 452 full', 'rcpt: …', '… is cut there', '… is cut …'])
    assert.ok(hasTestTitle(source, title), title);
  for (const title of ['rcpt: 550 gone', 'data: 452 full', 'rcpt:', '… is cut nowhere', '… is cut', 'it: …'])
    assert.ok(!hasTestTitle(source, title), title);
});

test('a title from a table is there where its row is, and only in a file with such a test', () => {
  for (const title of ['a null MX', 'taken']) assert.ok(hasTestTitle(table, title), title);
  for (const title of ['a null', 'never taken']) assert.ok(!hasTestTitle(table, title), title);
  for (const title of ['a null MX', 'taken', 'said nowhere as a title, only here'])
    assert.ok(!hasTestTitle(source, title), title);
});

const idle = `
// test('in a comment', () => undefined);
  done(); // test('behind a line', () => undefined);
/** For example test('in a docstring', () => undefined);
 * test('on a line of it', () => undefined);
 */
test('skipped', { skip: true }, () => undefined);
test('skipped for a reason', { timeout: 1, skip: 'not here' }, () => undefined);
test("to be done", { todo: true }, () => undefined);
test('without a body');
test.skip('skipped by name', () => undefined);
test('skipped where a program is missing', { skip: missing(tool) }, () => undefined);
test('an address http://a.test/ in it', { skip: false }, () => undefined);
const rows = { 'a row': 1 }; // 'no row'
for (const title of Object.keys(rows)) test(title, () => undefined);
for (const row of rows) test(\`skipped \${row}\`, { skip: true }, () => undefined);
`;

test('what never runs is no test: what stands in a comment, is skipped always, or has no body', () => {
  for (const title of [
    'in a comment',
    'behind a line',
    'in a docstring',
    'on a line of it',
    'skipped',
    'skipped for a reason',
    'to be done',
    'without a body',
    'skipped by name',
    'skipped a row',
    'no row',
  ])
    assert.ok(!hasTestTitle(idle, title), title);
  for (const title of ['skipped where a program is missing', 'an address http://a.test/ in it', 'a row'])
    assert.ok(hasTestTitle(idle, title), title);
  assert.ok(!hasTestTitle("const rows = ['a row'];\nfor (const row of rows) test(row, { skip: true }, run);", 'a row'));
});
