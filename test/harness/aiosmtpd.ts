// aiosmtpd, a mail server in Python, as a next hop: in clear, with STARTTLS or with TLS from the first byte, with and without a
// login and SMTPUTF8. It shares no code with us nor with the tests' other receivers. Offers no DSN; PIPELINING where asked to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { debianPython } from '../../hack/tools/debian.ts';
import type { ServerCertificate } from './certificates.ts';
import { freePort } from './ports.ts';
import { canImport } from './programs-in-python.ts';
import { until } from './until.ts';

export type AiosmtpdOptions = {
  readonly tls?: { readonly mode: 'starttls' | 'implicit'; readonly certificate: ServerCertificate };
  /** Mail is taken only after this login. */
  readonly login?: { readonly username: string; readonly password: string };
  /** Mechanisms it keeps to itself, `PLAIN`. */
  readonly without?: readonly string[];
  readonly smtputf8?: boolean;
  readonly pipelining?: boolean;
  readonly sizeLimit?: number;
  /** Whole replies to RCPT, by address. */
  readonly refuses?: Readonly<Record<string, string>>;
};

export type AiosmtpdMail = {
  readonly from: string;
  readonly to: readonly string[];
  /** Parameters of MAIL, as it understood them. */
  readonly options: readonly string[];
  readonly tls: boolean;
  readonly login: string | null;
  readonly raw: Buffer;
};

export type Aiosmtpd = {
  readonly port: number;
  /** Waits for that many mails. */
  mails(count: number): Promise<readonly AiosmtpdMail[]>;
};

const program = `
import asyncio, base64, json, logging, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
logging.disable()
given = json.loads(sys.argv[1])
class Handler:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return ['250-PIPELINING', *responses] if given.get('pipelining') else responses
    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = given.get('refuses', {}).get(address)
        if refusal is not None: return refusal
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 ok'
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({
            'from': envelope.mail_from.strip('<>'), 'to': envelope.rcpt_tos, 'options': envelope.mail_options,
            'tls': session.ssl is not None or given.get('mode') == 'implicit',
            'login': session.auth_data.login.decode() if session.auth_data else None,
            'raw': base64.b64encode(envelope.original_content).decode(),
        }), flush=True)
        return '250 2.0.0 taken'
def authenticate(server, session, envelope, mechanism, data):
    login = given['login']
    good = (data.login.decode(), data.password.decode()) == (login['username'], login['password'])
    return AuthResult(success=good, handled=False, auth_data=data)
context = None
if given.get('mode'):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(given['certificate'], given['key'])
starttls = given.get('mode') == 'starttls'
def session():
    return SMTP(
        Handler(), hostname='aiosmtpd.test', loop=loop, enable_SMTPUTF8=given.get('smtputf8', False),
        data_size_limit=given.get('sizeLimit', 33554432), tls_context=context if starttls else None, require_starttls=starttls,
        auth_required='login' in given, auth_require_tls=starttls, authenticator=authenticate,
        auth_exclude_mechanism=given.get('without', []))
async def serve():
    server = await loop.create_server(session, '127.0.0.1', given['port'], ssl=None if starttls else context)
    print('{}', flush=True)
    await server.serve_forever()
loop = asyncio.new_event_loop()
loop.run_until_complete(serve())
`;

/** Undefined where Python has no aiosmtpd. Ends with the test. */
export async function startAiosmtpd(t: TestContext, options: AiosmtpdOptions = {}): Promise<Aiosmtpd | undefined> {
  if (!canImport('aiosmtpd')) return undefined;
  const { tls, ...rest } = options;
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-aiosmtpd-'));
  const [certificate, key] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
  if (tls !== undefined) {
    writeFileSync(certificate, tls.certificate.cert);
    writeFileSync(key, tls.certificate.key, { mode: 0o600 });
  }
  const port = await freePort();
  const given = { ...rest, port, ...(tls === undefined ? {} : { mode: tls.mode, certificate, key }) };
  const child = spawn(debianPython, ['-W', 'ignore', '-c', program, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit').finally(() => process.off('exit', kill));
  t.after(async () => {
    kill();
    await exited;
    rmSync(directory, { recursive: true, force: true });
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await until('aiosmtpd', () => lines.length > 0, { withinMs: 20_000 });
  return {
    port,
    mails: (count) =>
      until(`${count} mails at aiosmtpd`, () => lines.length > count && lines.slice(1).map(readMail), {
        withinMs: 20_000,
      }),
  };
}

function readMail(line: string): AiosmtpdMail {
  const { raw, ...mail } = JSON.parse(line) as Omit<AiosmtpdMail, 'raw'> & { raw: string };
  return { ...mail, raw: Buffer.from(raw, 'base64') };
}
