// aiosmtplib, a client in Python, as a submitter: one session, given mails, and what it was answered. Shares no code with us nor with
// the tests' other clients. Verifies our certificate.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { debianPython } from '../../hack/tools/debian.ts';
import { canImport } from './programs-in-python.ts';

export type PythonSession = {
  readonly port: number;
  readonly tls: 'implicit' | 'starttls';
  /** PEM */
  readonly ca: string;
  readonly login?: { readonly username: string; readonly password: string };
  readonly mails: readonly PythonMail[];
};

export type PythonMail = {
  readonly from: string;
  readonly to: readonly string[];
  readonly message: Buffer;
  readonly mailOptions?: readonly string[];
  readonly rcptOptions?: readonly string[];
};

/** `refused`: recipients that were refused while others were not. */
export type PythonAnswer =
  | { readonly kind: 'sent'; readonly reply: string; readonly refused: Readonly<Record<string, string>> }
  | { readonly kind: 'failed'; readonly error: string; readonly reply: string };

export type PythonResult = {
  readonly extensions: readonly string[];
  /** Why the session ended before any mail, `SMTPAuthenticationError 535 ...`. */
  readonly problem?: string;
  readonly answers: readonly PythonAnswer[];
};

const program = `
import asyncio, base64, json, ssl, sys, aiosmtplib
given = json.load(sys.stdin)
def words(response): return f'{response.code} {response.message}'
def failure(error):
    inner = error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error
    return {'kind': 'failed', 'error': type(error).__name__, 'reply': f'{inner.code} {inner.message}'}
async def send(client, mail):
    try:
        refused, reply = await client.sendmail(
            mail['from'], mail['to'], base64.b64decode(mail['message']), mail.get('mailOptions'), mail.get('rcptOptions'))
        return {'kind': 'sent', 'reply': reply, 'refused': {to: words(response) for to, response in refused.items()}}
    except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
        return failure(error)
async def run():
    client = aiosmtplib.SMTP(
        hostname='localhost', port=given['port'], use_tls=given['tls'] == 'implicit', start_tls=given['tls'] == 'starttls',
        cert_bundle=given['ca'], timeout=20)
    await client.connect()
    result = {'answers': []}
    try:
        if 'login' in given: await client.login(given['login']['username'], given['login']['password'])
        for mail in given['mails']: result['answers'].append(await send(client, mail))
    except aiosmtplib.SMTPResponseException as error:
        result['problem'] = f'{type(error).__name__} {error.code} {error.message}'
    result['extensions'] = sorted(client.esmtp_extensions)
    if client.is_connected: await client.quit()
    json.dump(result, sys.stdout)
asyncio.run(run())
`;

/** Undefined where Python has no aiosmtplib. */
export async function sendWithAiosmtplib(session: PythonSession): Promise<PythonResult | undefined> {
  if (!canImport('aiosmtplib')) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-aiosmtplib-'));
  const ca = join(directory, 'ca.crt');
  writeFileSync(ca, session.ca);
  const mails = session.mails.map(({ message, ...mail }) => ({ ...mail, message: message.toString('base64') }));
  const child = spawn(debianPython, ['-W', 'ignore', '-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ ...session, ca, mails }));
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  rmSync(directory, { recursive: true, force: true });
  if (code !== 0) throw new Error(`aiosmtplib ended with ${code}`);
  return JSON.parse(output) as PythonResult;
}
