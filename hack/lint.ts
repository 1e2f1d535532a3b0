// Runs the linter over the sources. It is installed on first use beside its own package.json, outside the root lockfile,
// because its platform bindings would make `npm ci` fail on every other platform.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const home = join(root, 'hack/lint');
const oxlint = join(home, 'node_modules/.bin/oxlint');

if (!existsSync(oxlint)) {
  console.error('Installing the linter in hack/lint (once) …');
  const install = spawnSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: home,
    stdio: 'inherit',
  });
  if (install.status !== 0) {
    console.error('The linter could not be installed; `npm run check` works without it.');
    process.exit(1);
  }
}

const folders = ['contract', 'jetstream', 'telemetry', 'operator', 'relay-node', 'cli', 'hack', 'test'];
const lint = spawnSync(
  oxlint,
  ['--type-aware', '-c', join(home, 'oxlintrc.json'), ...process.argv.slice(2), ...folders],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, OXLINT_TSGOLINT_PATH: join(home, 'node_modules/.bin/tsgolint') },
  },
);
process.exit(lint.status ?? 1);
