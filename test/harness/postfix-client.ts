// Postfix as a client: whatever it is handed in clear on loopback, it sends on to one relay, over TLS with a certificate it verifies
// and with a login. Its log says what became of each recipient.
import type { TestContext } from 'node:test';
import { freePort } from './ports.ts';
import { startPostfixInstance } from './postfix-instance.ts';
import type { Listener, Login } from './submit.ts';

export type PostfixClient = {
  /** Hand mail in here, with ESMTP and without login. */
  readonly entrance: { readonly host: string; readonly port: number };
  /** What the log says of a recipient, newest last. */
  fates(recipient: string): readonly Fate[];
  /** How many deliveries the log has of each kind. */
  counts(): Readonly<Record<string, number>>;
  log(): string;
};

/** `dsn` is the enhanced code, `says` the relay's words or Postfix's own. */
export type Fate = { readonly status: string; readonly dsn: string; readonly says: string };

/** `settings` are added to main.cf. Undefined where it cannot be run. */
export async function startPostfixClient(
  t: TestContext,
  relay: Listener,
  login: Login,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostfixClient | undefined> {
  const entrance = { host: '127.0.0.1', port: await freePort() };
  const hop = `[localhost]:${relay.port}`;
  const instance = startPostfixInstance(t, {
    files: { 'ca.crt': login.ca },
    settings: (_directory, configAt) => ({
      relayhost: hop,
      relay_domains: '',
      smtp_host_lookup: 'native', // localhost
      inet_protocols: 'ipv4',
      smtp_sasl_auth_enable: 'yes',
      smtp_sasl_security_options: 'noanonymous',
      smtp_sasl_password_maps: `inline:{{${hop} = ${login.user}:${login.password}}}`,
      smtp_tls_security_level: 'verify',
      smtp_tls_wrappermode: relay.tls === 'implicit' ? 'yes' : 'no',
      smtp_tls_CAfile: configAt('ca.crt'),
      smtp_tls_verify_cert_match: 'hostname',
      smtp_destination_recipient_limit: '100',
      minimal_backoff_time: '300s',
      queue_run_delay: '300s',
      smtpd_relay_restrictions: 'permit_mynetworks, reject',
      ...settings,
    }),
    services: [`${entrance.host}:${entrance.port} inet n - n - - smtpd`],
  });
  if (instance === undefined) return undefined;
  const fates = (to: string): Fate[] => {
    const line = /^.* postfix\/smtp\[.*: \w+: to=<([^>]*)>,.* dsn=([\d.]+), status=(\w+) \((.*)\)$/gm;
    return [...instance.log().matchAll(line)].flatMap(([, recipient, dsn = '', status = '', says = '']) =>
      to === '*' || recipient === to ? [{ status, dsn, says }] : [],
    );
  };
  const counts = () => {
    const each: Record<string, number> = {};
    for (const { status } of fates('*')) each[status] = (each[status] ?? 0) + 1;
    return each;
  };
  return { entrance, fates, counts, log: instance.log };
}
