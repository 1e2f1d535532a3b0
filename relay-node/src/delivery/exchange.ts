// Runs one operation of the SMTP library, opening or login, to its end, whatever end that is: its callback, its error event, a
// connection that just ends (the library then calls nobody back), our deadline, or our own stop.
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Fact } from './facts.ts';

export type Failure = {
  readonly ok: false;
  /** What the library said; undefined where it said nothing. */
  readonly error: LibraryError | undefined;
  /** A word for logs: an error code, never a reply. */
  readonly detail: string;
  /** Whether a TLS handshake was under way. */
  readonly securing: boolean;
  readonly stopped: boolean;
};
export type Result = { readonly ok: true } | Failure;

/** What SMTPConnection attaches to its errors. */
export type LibraryError = Error & {
  readonly code?: string | undefined;
  readonly originalCode?: string | undefined;
  readonly command?: string | undefined;
  readonly response?: string | undefined;
};

export type Finish = (error?: LibraryError | null) => void;

export type Patience = { readonly deadlineMs: number; readonly signal: AbortSignal };

/** Starts the operation and waits for it. Never rejects. */
export function exchange(
  connection: SMTPConnection,
  { deadlineMs, signal }: Patience,
  start: (finish: Finish) => void,
): Promise<Result> {
  return new Promise((resolve) => {
    const settle = (result: Result) => {
      clearTimeout(timer);
      connection.removeListener('error', failed).removeListener('end', ended);
      signal.removeEventListener('abort', stopped);
      resolve(result);
    };
    const fail = (error: LibraryError | undefined, detail: string) =>
      settle({ ok: false, error, detail, securing: connection.upgrading === true, stopped: signal.aborted });
    const failed = (error: LibraryError) => fail(error, error.originalCode ?? error.code ?? error.name);
    // A closing 421 ends the connection first and reports its reply just after.
    const ended = () => setImmediate(() => fail(undefined, 'ENDED'));
    const stopped = () => {
      fail(undefined, 'STOPPED');
      connection.close();
    };
    const expired = () => {
      fail(undefined, 'ETIMEDOUT');
      connection.close();
    };
    const timer = setTimeout(expired, deadlineMs);
    connection.once('error', failed).once('end', ended);
    signal.addEventListener('abort', stopped);
    start((error) => (error ? failed(error) : settle({ ok: true })));
    if (signal.aborted) stopped();
  });
}

/** Why a session could not be opened. */
export function openingFact({ error, detail, securing, stopped }: Failure): Fact {
  if (stopped) return { kind: 'interrupted' };
  if (error?.response !== undefined) {
    if (error.command === 'STARTTLS') return { kind: 'no-tls' };
    return { kind: 'refused', stage: error.command === 'CONN' ? 'greeting' : 'hello', reply: error.response };
  }
  if (securing || error?.code === 'ETLS') return { kind: 'tls-failed', detail };
  return { kind: 'lost', dotSent: false, detail };
}

/** Why the login failed. */
export function loginFact({ error, detail, stopped }: Failure): Fact {
  if (error?.response !== undefined) return { kind: 'refused', stage: 'auth', reply: error.response };
  if (error?.code === 'EAUTH') return { kind: 'unsendable', detail };
  return stopped ? { kind: 'interrupted' } : { kind: 'lost', dotSent: false, detail };
}
