import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRequirements, requirementProblems } from './requirements.ts';

const root = join(import.meta.dirname, '../..');
const rows = readRequirements(readFileSync(join(import.meta.dirname, 'requirements.txt'), 'utf8'));

/** What carries mail here; the notices of RFC 3462 are those of 6522 now. */
const standards = [
  1870, 2034, 2920, 3207, 3461, 3463, 3464, 4954, 5321, 5322, 6152, 6376, 6409, 6522, 6531, 7505, 8301, 8314, 8463,
];

test('every must has a file that exists, and a test of that title', () => {
  assert.deepEqual(requirementProblems(root, rows), []);
});

test('no standard that carries mail is without musts', () => {
  assert.deepEqual(
    standards.filter((rfc) => !rows.some((row) => row.rfc === rfc)),
    [],
  );
});

test('a row whose file or test is gone, is none, or has no such title, is told', () => {
  const [row] = rows;
  assert.ok(row !== undefined);
  for (const [change, problem] of [
    [{ file: 'relay-node/src/gone.ts' }, /no such source: relay-node\/src\/gone\.ts/],
    [{ file: row.test }, /no such source/],
    [{ test: 'test/gone.test.ts' }, /no such test: test\/gone\.test\.ts/],
    [{ test: row.file }, /no such test/],
    [{ title: 'what no test says, ever' }, /has no test "what no test says, ever"/],
    [{ title: row.title.slice(1) }, /has no test/],
  ] as const)
    assert.match(requirementProblems(root, [{ ...row, ...change }]).join(), problem);
});

test('a line without file or test is no row', () => {
  for (const line of [
    'RFC 1 §2 | must',
    'RFC 1 §2 | must | file | test',
    'RFC 1 | must | file | test | title',
    'RFC 1 §2 | must |  | test | title',
  ])
    assert.throws(() => readRequirements(line), /no row/, line);
});
