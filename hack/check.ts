// Everything that can be judged without starting a process of the product: types, generated files, layout and links, format.
// Each step runs even if an earlier one failed, so that one run shows all there is to mend.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules/.bin', name);

const steps: readonly (readonly [name: string, command: string, args: readonly string[], remedy: string])[] = [
  ['types', bin('tsc'), ['--noEmit', '-p', '.'], 'mend the type errors above'],
  ['generated files', process.execPath, ['hack/gen.ts', '--check'], 'run `npm run gen` and commit the result'],
  ['layout and links', process.execPath, ['hack/check-layout.ts'], 'see CONTRIBUTING.md, "Layout"'],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.'], 'run `npm run fmt`'],
];

let failed = 0;
for (const [name, command, args, remedy] of steps) {
  const started = performance.now();
  const step = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const passed = step.status === 0;
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)${passed ? '' : ` - ${remedy}`}`);
  if (!passed) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
