// What a newcomer copies: addresses, user, password, CA file, and the same mail by swaks, curl, Python and nodemailer.
// Pure text from the ready file, so that what is printed is what foreign programs read.
import type { ReadyFile, ReadyListener, ReadyPlatform } from '../ready-file.ts';

export type Example = {
  readonly implicit: ReadyListener | undefined;
  readonly starttls: ReadyListener | undefined;
  readonly platform: ReadyPlatform;
  readonly from: string;
  readonly to: string;
  readonly caFile: string;
};

/** Undefined while no platform may send. */
export function exampleOf(ready: ReadyFile): Example | undefined {
  const platform = ready.platforms.find(({ domains }) => domains.length > 0);
  const first = platform?.domains[0];
  if (platform === undefined || first === undefined) return undefined;
  return {
    implicit: ready.listeners.find(({ tls }) => tls === 'implicit'),
    starttls: ready.listeners.find(({ tls }) => tls === 'starttls'),
    platform,
    from: senderOf(first),
    to: 'you@receiver.test',
    caFile: ready.caFile,
  };
}

/** An address the platform may use there. */
export function senderOf({ domain, from }: ReadyPlatform['domains'][number]): string {
  const [local = '*'] = from;
  return `${local === '*' ? 'hello' : local}@${domain}`;
}

export function copyBlock(ready: ReadyFile): string {
  const example = exampleOf(ready);
  if (example === undefined) return 'No platform may send yet; the conditions above say why.\n';
  const { platform, caFile } = example;
  return [
    ...ready.listeners.map(({ node, host, port, tls }) => row(node, `${host}:${port}  ${tlsWords[tls]}`)),
    row('user', platform.user),
    row('password', platform.password),
    row('CA file', caFile),
    row('may send as', platform.domains.map(({ domain, from }) => `${from.join(', ')} @${domain}`).join('; ')),
    ...(ready.receiver === null ? [] : [row('received', ready.receiver.messages)]),
    row('DNS', `dig @${ready.dns.host} -p ${ready.dns.port} ${platform.domains[0]?.domain} TXT`),
    row('logs', `${ready.state}/logs`),
    '',
    ...section('swaks', swaks(example)),
    ...section('curl', curl(example)),
    ...section('Python', python(example)),
    ...section('nodemailer', nodemailer(example)),
  ].join('\n');
}

const tlsWords = { implicit: 'TLS from the first byte', starttls: 'STARTTLS' };

function row(label: string, value: string): string {
  return `  ${label.padEnd(12)}${value}`;
}

function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`# ${name}`, ...lines, ''];
}

export function swaks({ starttls, platform, from, to, caFile }: Example): string[] {
  if (starttls === undefined) return [];
  return [
    `swaks --server ${starttls.host}:${starttls.port} --tls --tls-verify --tls-ca-path ${quote(caFile)} \\`,
    `  --auth-user ${platform.user} --auth-password ${quote(platform.password)} \\`,
    `  --from ${from} --to ${to} --header ${quote('Subject: Hello from swaks')}`,
  ];
}

export function curl({ implicit, platform, from, to, caFile }: Example): string[] {
  if (implicit === undefined) return [];
  return [
    String.raw`printf 'From: ${from}\r\nTo: ${to}\r\nSubject: Hello from curl\r\n\r\nHello.\r\n' |`,
    `  curl --silent --show-error --url smtps://${implicit.host}:${implicit.port} --cacert ${quote(caFile)} \\`,
    `    --user ${quote(`${platform.user}:${platform.password}`)} \\`,
    `    --mail-from ${from} --mail-rcpt ${to} --upload-file -`,
  ];
}

export function python({ implicit, platform, from, to, caFile }: Example): string[] {
  if (implicit === undefined) return [];
  return [
    "python3 - <<'EOF'",
    'import smtplib, ssl',
    `tls = ssl.create_default_context(cafile=${JSON.stringify(caFile)})`,
    `with smtplib.SMTP_SSL(${JSON.stringify(implicit.host)}, ${implicit.port}, context=tls) as smtp:`,
    `    smtp.login(${JSON.stringify(platform.user)}, ${JSON.stringify(platform.password)})`,
    `    smtp.sendmail(${JSON.stringify(from)}, [${JSON.stringify(to)}],`,
    String.raw`        "From: ${from}\r\nTo: ${to}\r\nSubject: Hello from Python\r\n\r\nHello.\r\n")`,
    'EOF',
  ];
}

export function nodemailer({ implicit, platform, from, to, caFile }: Example): string[] {
  if (implicit === undefined) return [];
  const auth = `{ user: ${JSON.stringify(platform.user)}, pass: ${JSON.stringify(platform.password)} }`;
  return [
    "node --input-type=module - <<'EOF'",
    'import { readFileSync } from "node:fs";',
    'import { createTransport } from "nodemailer";',
    `const tls = { ca: readFileSync(${JSON.stringify(caFile)}) };`,
    `const auth = ${auth};`,
    `const fleet = createTransport({ host: ${JSON.stringify(implicit.host)}, port: ${implicit.port}, secure: true, tls, auth });`,
    `const mail = { from: ${JSON.stringify(from)}, to: ${JSON.stringify(to)}, subject: "Hello from nodemailer", text: "Hello." };`,
    'console.log((await fleet.sendMail(mail)).response);',
    'EOF',
  ];
}

/** For a POSIX shell; left bare where nothing needs quoting. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
