import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig as readOperator, variables as operatorVariables } from '@relayfleet/operator/config.ts';
import { readConfig as readNode, variables as nodeVariables } from '@relayfleet/relay-node/config.ts';
import { environmentPage } from './environment-page.ts';

const root = join(import.meta.dirname, '../..');
const names = (text: string) => new Set(text.match(/(?<![A-Z_])RELAYFLEET_[A-Z_]+[A-Z]/g));

test('every variable of the sources stands on the page, and no other', () => {
  const files = globSync('{operator,relay-node,cli,telemetry,jetstream,contract}/src/**/*.ts', { cwd: root });
  const sources = [...files, 'hack/tools/cache.ts'].filter((file) => !file.endsWith('.test.ts'));
  const read = names(sources.map((file) => readFileSync(join(root, file), 'utf8')).join('\n'));
  assert.deepEqual([...names(environmentPage())].toSorted(), [...read].toSorted());
});

test('the page is the same on every machine', () => {
  assert.ok(!environmentPage().includes(root));
  assert.ok(!environmentPage().includes(`\`${hostname()}\``));
});

for (const [program, read, variables] of [
  ['relay node', readNode, nodeVariables],
  ['operator', readOperator, operatorVariables],
] as const) {
  const examples = Object.fromEntries(Object.entries(variables).map(([name, { example }]) => [name, example]));

  test(`${program}: every example is taken`, () => {
    const reading = read(examples);
    assert.deepEqual(reading.ok ? [] : reading.problems, []);
  });

  test(`${program}: what cannot be used is refused by name, with what would do`, () => {
    const noValue = /_(DIR|MANIFESTS|STATE|CRDS)$/; // any text is a path
    for (const [name, { example }] of Object.entries(variables).filter(([each]) => !noValue.test(each))) {
      const reading = read({ ...examples, [name]: ':: ::' });
      const [problem = '', ...more] = reading.ok ? [] : reading.problems;
      assert.ok(problem.startsWith(`${name}=:: :: cannot be used: `), `${name}: ${problem}`);
      assert.ok(problem.endsWith(`, such as ${name}=${example}`), problem);
      assert.equal(more.length, 0);
    }
  });
}
