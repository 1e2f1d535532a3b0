// Postfix as a next hop: an instance of its own in a temporary directory, which takes mail for two mailboxes of one domain,
// puts off mail for a third, and keeps what it took as files. Takes root, and Debian's postfix.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './ports.ts';
import { until } from './until.ts';

export type Postfix = {
  /** Offers everything Postfix does, STARTTLS too. */
  readonly port: number;
  /** Does not offer PIPELINING. */
  readonly lockStepPort: number;
  /** Does not offer DSN. */
  readonly withoutDsnPort: number;
  /** Waits for that many mails in a mailbox of to.test; with LF as line ends and Postfix's own header fields ahead. */
  mailbox(local: 'one' | 'two', count: number): Promise<readonly string[]>;
};

/** Undefined where it cannot be run. */
export async function startPostfix(
  t: TestContext,
  certificate: { readonly cert: string; readonly key: string },
): Promise<Postfix | undefined> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/share/postfix/master.cf.dist')) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-postfix-'));
  chmodSync(directory, 0o755);
  const ports = { port: await freePort(), lockStepPort: await freePort(), withoutDsnPort: await freePort() };
  const config = join(directory, 'config');
  for (const folder of ['config', 'queue', 'data', 'mail']) mkdirSync(join(directory, folder));
  for (const folder of ['data', 'mail']) spawnSync('chown', ['postfix', join(directory, folder)]);
  writeFileSync(join(config, 'certificate.pem'), `${certificate.key}${certificate.cert}`, { mode: 0o600 });
  cpSync('/etc/postfix/postfix-files', join(config, 'postfix-files'));
  writeFileSync(join(config, 'main.cf'), mainConfig(directory));
  writeFileSync(join(config, 'master.cf'), masterConfig(ports));
  const control = (command: string) => spawnSync('postfix', ['-c', config, command], { encoding: 'utf8' });
  t.after(() => {
    control('stop');
    rmSync(directory, { recursive: true, force: true });
  });
  const started = control('start');
  if (started.status !== 0) throw new Error(`postfix did not start: ${started.stderr}`);
  const mailbox = (local: string, count: number) =>
    until(
      `${count} mails for ${local}`,
      () => {
        const folder = join(directory, 'mail', local, 'new');
        const files = existsSync(folder) ? readdirSync(folder) : [];
        return files.length >= count && files.map((file) => readFileSync(join(folder, file), 'latin1'));
      },
      { withinMs: 20_000 },
    );
  return { ...ports, mailbox };
}

function mainConfig(directory: string): string {
  const id = (flag: string) => spawnSync('id', [flag, 'postfix'], { encoding: 'utf8' }).stdout.trim();
  const settings = {
    compatibility_level: '3.6',
    queue_directory: join(directory, 'queue'),
    data_directory: join(directory, 'data'),
    inet_interfaces: '127.0.0.1',
    mynetworks: '127.0.0.0/8',
    myhostname: 'postfix.test',
    mydestination: '',
    message_size_limit: '20000000',
    virtual_mailbox_domains: 'to.test',
    virtual_mailbox_base: join(directory, 'mail'),
    virtual_mailbox_maps: 'inline:{one@to.test=one/, two@to.test=two/}',
    virtual_mailbox_limit: '0',
    virtual_minimum_uid: '1',
    virtual_uid_maps: `static:${id('-u')}`,
    virtual_gid_maps: `static:${id('-g')}`,
    smtpd_relay_restrictions: 'reject_unauth_destination',
    smtpd_sender_restrictions: 'inline:{refused@example.com=REJECT}',
    smtpd_recipient_restrictions: 'check_recipient_access inline:{{later@to.test = 450 4.2.1 not now}}',
    smtpd_tls_security_level: 'may',
    smtpd_tls_chain_files: join(directory, 'config/certificate.pem'),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

function masterConfig({ port, lockStepPort, withoutDsnPort }: Omit<Postfix, 'mailbox'>): string {
  const service = (at: number) => `127.0.0.1:${at} inet n - n - - smtpd`;
  return readFileSync('/usr/share/postfix/master.cf.dist', 'utf8')
    .replace(/^smtp(\s+)inet\s+n\s+-\s+\S+\s+-\s+-\s+smtpd$/m, service(port))
    .replace(/^(\S+\s+(?:unix|fifo)\s+\S+\s+\S+\s+)y(\s)/gm, '$1n$2') // no chroot: the queue is not prepared for one
    .concat(`${service(lockStepPort)}\n  -o smtpd_discard_ehlo_keywords=pipelining\n`)
    .concat(`${service(withoutDsnPort)}\n  -o smtpd_discard_ehlo_keywords=dsn\n`);
}
