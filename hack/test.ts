// The whole test suite, in order: real tools first, then unit tests in one process, then everything that starts processes.
// `--only unit|real|e2e` runs a part, further arguments name test files. With CI=true a skipped real part fails the run.
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { catalogue } from './tools/catalogue.ts';
import { ensureDebianPackages } from './tools/debian.ts';
import { obtainTools, progressToStderr } from './tools/obtain.ts';
import { testPackages } from './tools/test-packages.ts';

const root = join(import.meta.dirname, '..');
const { values, positionals } = parseArgs({ options: { only: { type: 'string' } }, allowPositionals: true });

type Suite = { readonly name: string; readonly files: readonly string[]; readonly flags: readonly string[] };

const suites: readonly Suite[] = [
  // One process and a random order (its seed is printed): state that leaks between tests shows, and the rules forbid such state.
  {
    name: 'unit',
    files: globSync('{contract,jetstream,telemetry,operator,relay-node,cli,hack}/**/*.test.ts', {
      cwd: root,
      exclude: ['**/node_modules/**'],
    }),
    flags: ['--test-isolation=none', '--test-randomize'],
  },
  { name: 'real', files: globSync('test/!(e2e)/**/*.test.ts', { cwd: root }), flags: ['--test-concurrency=2'] },
  { name: 'e2e', files: globSync('test/e2e/*.test.ts', { cwd: root }), flags: ['--test-concurrency=2'] },
];

const wanted = suites
  .filter(({ name }) => values.only === undefined || values.only === name)
  .map((suite) =>
    positionals.length === 0
      ? suite
      : { ...suite, files: suite.files.filter((file) => positionals.some((part) => file.includes(part))) },
  )
  .filter(({ files }) => files.length > 0);
if (wanted.length === 0) {
  console.error('No test file matches; suites are unit, real and e2e.');
  process.exit(2);
}

if (wanted.some(({ name }) => name !== 'unit')) await prepare();
let failed = false;
for (const suite of wanted) failed = (await run(suite)) || failed;
process.exit(failed ? 1 : 0);

/** The tools are needed; Debian's packages only by tests that name them when they are missing. */
async function prepare(): Promise<void> {
  await obtainTools(
    catalogue.map(({ name }) => name),
    { progress: progressToStderr },
  );
  const packages = await ensureDebianPackages(testPackages, { progress: progressToStderr });
  if (packages.kind === 'present') return;
  for (const missing of packages.missing)
    console.error(`Not here: ${missing.package} (${missing.for}); its tests are skipped.`);
  console.error(`${packages.reason} To run them: ${packages.command}`);
}

async function run({ name, files, flags }: Suite): Promise<boolean> {
  console.log(`\n== ${name}: ${files.length} files`);
  const scratch = mkdtempSync(join(tmpdir(), 'relayfleet-test-'));
  const skips = join(scratch, 'skips');
  const started = performance.now();
  const code = await new Promise<number>((resolve) => {
    const reporters = [
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(root, 'hack/skip-reporter.ts')}`,
      `--test-reporter-destination=${skips}`,
    ];
    spawn(process.execPath, ['--test', ...flags, ...reporters, ...files], { cwd: root, stdio: 'inherit' }).on(
      'exit',
      (status) => resolve(status ?? 1),
    );
  });
  const skipped = readFileSync(skips, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  rmSync(scratch, { recursive: true, force: true });
  console.log(
    `== ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - started) / 1000).toFixed(0)} s, ${skipped.length} skipped`,
  );
  for (const line of skipped) console.log(`   skipped: ${line}`);
  return code !== 0 || (process.env['CI'] === 'true' && skipped.length > 0);
}
