// A Postfix of a test's own: an instance in a temporary directory with the settings and services it is given, stopped with the test.
// Takes root, and Debian's postfix.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export type PostfixPlan = {
  /** Files beside main.cf, by name, readable by root alone. */
  readonly files: Readonly<Record<string, string>>;
  /** `configAt(name)` is where such a file lies. */
  settings(directory: string, configAt: (name: string) => string): Readonly<Record<string, string>>;
  /** Lines of master.cf instead of its smtp service. */
  readonly services: readonly string[];
};

export type PostfixInstance = {
  /** `mail` below it is writable by Postfix's user; `log` is its log. */
  readonly directory: string;
  log(): string;
};

/** Undefined where it cannot be run. */
export function startPostfixInstance(t: TestContext, plan: PostfixPlan): PostfixInstance | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/share/postfix/master.cf.dist')) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-postfix-'));
  chmodSync(directory, 0o755);
  const config = join(directory, 'config');
  for (const folder of ['config', 'queue', 'data', 'mail']) mkdirSync(join(directory, folder));
  for (const folder of ['data', 'mail']) spawnSync('chown', ['postfix', join(directory, folder)]);
  for (const [name, text] of Object.entries(plan.files)) writeFileSync(join(config, name), text, { mode: 0o600 });
  cpSync('/etc/postfix/postfix-files', join(config, 'postfix-files'));
  const settings = {
    compatibility_level: '3.6',
    queue_directory: join(directory, 'queue'),
    data_directory: join(directory, 'data'),
    maillog_file: join(directory, 'log'),
    maillog_file_prefixes: directory,
    inet_interfaces: '127.0.0.1',
    mynetworks: '127.0.0.0/8',
    myhostname: 'postfix.test',
    mydestination: '',
    ...plan.settings(directory, (name) => join(config, name)),
  };
  writeFileSync(
    join(config, 'main.cf'),
    Object.entries(settings)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  );
  writeFileSync(join(config, 'master.cf'), masterConfig(plan.services));
  const control = (command: string) => spawnSync('postfix', ['-c', config, command], { encoding: 'utf8' });
  t.after(() => {
    control('stop');
    rmSync(directory, { recursive: true, force: true });
  });
  const started = control('start');
  if (started.status !== 0) throw new Error(`postfix did not start: ${started.stderr}`);
  return {
    directory,
    log: () => (existsSync(join(directory, 'log')) ? readFileSync(join(directory, 'log'), 'utf8') : ''),
  };
}

function masterConfig(services: readonly string[]): string {
  return readFileSync('/usr/share/postfix/master.cf.dist', 'utf8')
    .replace(/^smtp(\s+)inet\s+n\s+-\s+\S+\s+-\s+-\s+smtpd$/m, '')
    .replace(/^(\S+\s+(?:unix|fifo)\s+\S+\s+\S+\s+)y(\s)/gm, '$1n$2') // no chroot: the queue is not prepared for one
    .concat(services.map((line) => `${line}\n`).join(''));
}
