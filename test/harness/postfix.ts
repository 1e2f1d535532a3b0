// Postfix as a next hop: takes mail for two mailboxes of one domain, puts off mail for a third, and keeps what it took as files.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './ports.ts';
import { startPostfixInstance } from './postfix-instance.ts';
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
  const ports = { port: await freePort(), lockStepPort: await freePort(), withoutDsnPort: await freePort() };
  const service = (at: number) => `127.0.0.1:${at} inet n - n - - smtpd`;
  const instance = startPostfixInstance(t, {
    files: { 'certificate.pem': `${certificate.key}${certificate.cert}` },
    settings,
    services: [
      service(ports.port),
      `${service(ports.lockStepPort)}\n  -o smtpd_discard_ehlo_keywords=pipelining`,
      `${service(ports.withoutDsnPort)}\n  -o smtpd_discard_ehlo_keywords=dsn`,
    ],
  });
  if (instance === undefined) return undefined;
  const { directory } = instance;
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

function settings(directory: string, configAt: (name: string) => string): Readonly<Record<string, string>> {
  const id = (flag: string) => spawnSync('id', [flag, 'postfix'], { encoding: 'utf8' }).stdout.trim();
  return {
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
    smtpd_tls_chain_files: configAt('certificate.pem'),
  };
}
