// Hands one mail to a fleet as any application would: TLS, user and password, one message (nodemailer as the client).
// Says what the server answered; decides nothing about it.
import { createTransport } from 'nodemailer';

export type Submission = {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls';
  readonly user: string;
  readonly password: string;
  /** PEM bundle for the server's certificate; without it the system's roots. */
  readonly ca?: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly content:
    | { readonly kind: 'text'; readonly subject: string; readonly text: string }
    /** A whole message, sent byte for byte. */
    | { readonly kind: 'raw'; readonly message: Buffer };
};

export type SubmissionResult =
  | { readonly ok: true; readonly reply: string; readonly id: string | undefined; readonly ms: number }
  | { readonly ok: false; readonly problem: string };

const patienceMs = 20_000;

export async function submit(submission: Submission): Promise<SubmissionResult> {
  const transport = createTransport(settings(submission));
  const started = performance.now();
  try {
    const { response } = await transport.sendMail({
      envelope: { from: submission.from, to: [...submission.to] },
      ...messageOf(submission),
    });
    const id = /queued as ([0-9A-Z]+)/.exec(response)?.[1];
    return { ok: true, reply: response, id, ms: Math.round(performance.now() - started) };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    transport.close();
  }
}

function settings({ host, port, tls, user, password, ca }: Submission) {
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: true, // a password never travels in clear
    auth: { user, pass: password },
    tls: { minVersion: 'TLSv1.2' as const, ...(ca === undefined ? {} : { ca }) },
    connectionTimeout: patienceMs,
    greetingTimeout: patienceMs,
    socketTimeout: patienceMs,
  };
}

function messageOf({ from, to, content }: Submission): object {
  if (content.kind === 'raw') return { raw: content.message };
  return { from, to: to.join(', '), subject: content.subject, text: content.text };
}
