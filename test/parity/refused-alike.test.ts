// What the API server refuses, the file provider refuses: the same sample, the same field, the same words, and nothing else
// besides. test/crds/refused.test.ts asserts the same expectations on a real API server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crdFiles, readCrd, type Schema } from '../../hack/gen/crd.ts';
import { refusedSamples, root } from '../crds/manifests.ts';
import { judge } from './file-provider.ts';

const samples = refusedSamples();
const ruleMessages = new Set(crdFiles.flatMap((file) => messagesOf(readCrd(root, file).schema)));

for (const { name, at, expect, accepted, refused } of samples) {
  test(`refused alike: ${name}`, () => {
    if (accepted.length > 0) assert.equal(judge(accepted).ok, true, 'the manifest before it is good');
    const judged = judge([...accepted, refused]);
    assert.equal(judged.ok, false);
    if (judged.ok) return;
    const expected = judged.problems.filter((problem) => says(problem, at, expect));
    assert.notEqual(expected.length, 0, `nothing about ${at}: ${expect}\n${judged.problems.join('\n')}`);
    const others = judged.problems.filter((problem) => !about(problem, at));
    assert.deepEqual(others, [], 'refused for another reason too');
  });
}

test('there is a sample for every rule', () => {
  assert.ok(samples.length >= 90, `${samples.length} samples`);
});

/** A rule's message is the whole rest of the sentence; a schema's words may have the value beside them. */
function says(problem: string, at: string, expect: string): boolean {
  return about(problem, at) && (ruleMessages.has(expect) ? problem.endsWith(`: ${expect}`) : problem.includes(expect));
}

function about(problem: string, at: string): boolean {
  return problem.startsWith(`${at}: `) || problem.startsWith(`${at}.`) || problem.startsWith(`unknown field "${at}"`);
}

function messagesOf(schema: Schema): readonly string[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ message }) => message);
  const fields = [...Object.values(schema.properties ?? {}), ...(schema.items === undefined ? [] : [schema.items])];
  return [...own, ...fields.flatMap(messagesOf)];
}
