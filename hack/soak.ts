// The random run for longer than a test suite may take: `--minutes N` (10 unless said), `--seed TEXT` (drawn and printed unless said).
// Runs the very test that `npm test` has, a-random-minute-loses-nothing; its account is printed at the end.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } } });
const { minutes, seed } = values;
if (!(Number(minutes) > 0)) {
  console.error(`--minutes takes a number above 0, not ${minutes}`);
  process.exit(2);
}
const env = {
  ...process.env,
  RELAYFLEET_TEST_MINUTES: minutes,
  ...(seed === undefined ? {} : { RELAYFLEET_TEST_SEED: seed }),
};
const test = [join(import.meta.dirname, 'test.ts'), '--only', 'e2e', 'a-random-minute'];
spawn(process.execPath, test, { env, stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1));
