// Postfix with OpenDKIM as contender: an instance of its own in a temporary directory, stock settings but for ports, relayhost
// and as many connections to the one next hop as the others use. Needs root, and Debian's postfix and opendkim.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../harness/ports.ts';
import type { Contender, ContenderOptions } from '../contender.ts';

export async function startPostfix(options: ContenderOptions): Promise<Contender> {
  const [port, milterPort] = [await freePort(), await freePort()];
  const opendkim = startOpenDkim(options, milterPort);
  const config = join(options.directory, 'config');
  writeConfig(config, options, port, milterPort);
  const start = spawnSync('taskset', ['-c', String(options.cpu), 'postfix', '-c', config, 'start'], {
    encoding: 'utf8',
  });
  if (start.status !== 0) throw new Error(`postfix did not start: ${start.stderr}`);
  await wait(1500); // master forks into the background and says no more
  const master = Number(readFileSync(join(options.directory, 'queue/pid/master.pid'), 'utf8').trim());
  return {
    name: 'Postfix + OpenDKIM',
    client: { port, tls: options.tls ? 'starttls' : 'none' },
    processes: { relay: [master], opendkim: [opendkim.pid ?? 0] },
    stop: async () => {
      spawnSync('postfix', ['-c', config, 'stop']);
      opendkim.kill();
    },
  };
}

function startOpenDkim({ directory, dkimKey, cpu }: ContenderOptions, port: number) {
  const keyFile = join(directory, 'dkim.pem');
  writeFileSync(keyFile, dkimKey, { mode: 0o600 });
  writeFileSync(
    join(directory, 'opendkim.conf'),
    `Domain bench.example\nSelector bench\nKeyFile ${keyFile}\nRequireSafeKeys no\nMode s\nCanonicalization relaxed/relaxed\n` +
      `OversignHeaders From\nSocket inet:${port}@127.0.0.1\nBackground no\nSyslog no\nInternalHosts 127.0.0.1\n`,
  );
  return spawn('taskset', ['-c', String(cpu), 'opendkim', '-f', '-x', join(directory, 'opendkim.conf')], {
    stdio: 'ignore',
  });
}

function writeConfig(
  config: string,
  { directory, receiverPort, tls, certificate }: ContenderOptions,
  port: number,
  milterPort: number,
): void {
  const [queue, data] = [join(directory, 'queue'), join(directory, 'data')];
  for (const folder of [config, queue, data]) mkdirSync(folder, { recursive: true });
  spawnSync('chown', ['postfix', data]);
  chmodSync(directory, 0o755);
  cpSync('/etc/postfix/postfix-files', join(config, 'postfix-files'));
  const settings = {
    compatibility_level: '3.6',
    queue_directory: queue,
    data_directory: data,
    maillog_file: join('/var/log', `relayfleet-bench-${port}.log`),
    inet_interfaces: '127.0.0.1',
    mynetworks: '127.0.0.0/8',
    myhostname: 'postfix.bench.example',
    mydestination: '',
    relayhost: `[127.0.0.1]:${receiverPort}`,
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    smtpd_milters: `inet:127.0.0.1:${milterPort}`,
    milter_default_action: 'tempfail',
    default_destination_concurrency_limit: '20',
    initial_destination_concurrency: '20',
    smtp_tls_security_level: tls ? 'encrypt' : 'none',
    smtpd_tls_security_level: tls ? 'may' : 'none',
    smtpd_tls_cert_file: certificate.cert,
    smtpd_tls_key_file: certificate.key,
    smtp_tls_mandatory_protocols: '>=TLSv1.2',
  };
  writeFileSync(
    join(config, 'main.cf'),
    Object.entries(settings)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  );
  const stock = readFileSync('/usr/share/postfix/master.cf.dist', 'utf8');
  const master = stock
    .replace(/^smtp(\s+)inet\s+n\s+-\s+\S+\s+-\s+-\s+smtpd$/m, `127.0.0.1:${port} inet n - n - - smtpd`)
    .replace(/^(\S+\s+(?:unix|fifo)\s+\S+\s+\S+\s+)y(\s)/gm, '$1n$2'); // no chroot: the queue is not prepared for one
  writeFileSync(
    join(config, 'master.cf'),
    `${master}\npostlog unix-dgram n - n - 1 postlogd\n`.replace(/(postlog[^\n]*\n)[\s\S]*\1/, '$1'),
  );
  const check = spawnSync('postfix', ['-c', config, 'check'], { encoding: 'utf8' });
  if (check.status !== 0) throw new Error(`postfix check: ${check.stderr}`);
}
