// One SMTP session with a next hop: opened with nodemailer's SMTPConnection (greeting, EHLO, STARTTLS, AUTH), then ours alone, and
// each mail goes over it as `transaction.ts` says. Owns what the library leaves open: deadlines on whole replies however they drip,
// TLS that is never given up silently, and connecting to the very address that was checked.
// Refuses to know what a failure means and which hop comes next.
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Recipient } from '@relayfleet/contract/envelope.ts';
import type { Hop } from '../routing/next-hops.ts';
import { parseCapabilities } from './capabilities.ts';
import { exchange, loginFact, openingFact, type Patience } from './exchange.ts';
import type { Fact } from './facts.ts';
import { startLine } from './line.ts';
import type { Rest } from './supply.ts';
import { takeSocket } from './takeover.ts';
import { connectTcp } from './tcp-connection.ts';
import { transact } from './transaction.ts';

/** Milliseconds. Each is a total: a peer that answers a byte at a time does not extend it. */
export type Deadlines = {
  readonly connectMs: number;
  /** From the connection to the end of EHLO, TLS included. */
  readonly greetingMs: number;
  /** MAIL, all RCPT and the answer to DATA: they travel as one batch. */
  readonly envelopeMs: number;
  /** Each further 64 KB of the data. */
  readonly blockMs: number;
  readonly finalMs: number;
};

// RFC 5321 §4.5.3.2: greeting 5 min; MAIL 5, RCPT 5 and DATA 2 min; data block 3 min; final dot 10 min.
export const standardDeadlines: Deadlines = {
  connectMs: 30_000,
  greetingMs: 300_000,
  envelopeMs: 720_000,
  blockMs: 180_000,
  finalMs: 600_000,
};

export type OpenRequest = {
  readonly hop: Hop;
  /** The hop's address, checked. */
  readonly address: string;
  readonly helloName: string;
  readonly deadlines: Deadlines;
  /** Ends the session at once, whatever it is doing. */
  readonly signal: AbortSignal;
};

export type OutgoingMail = {
  readonly sender: string;
  readonly recipients: readonly Pick<Recipient, 'address' | 'notify' | 'orcpt'>[];
  /** The message, in pieces that follow one another. */
  readonly pieces: readonly Buffer[];
  /** What follows them and is read as it is sent. */
  readonly rest?: Rest | undefined;
  readonly eightBit: boolean;
  readonly smtputf8: boolean;
  readonly ret?: string | undefined;
  readonly envid?: string | undefined;
};

export type Sent = {
  /** One for each recipient, in order. */
  readonly facts: readonly Fact[];
  /** Whether any of the message left; if not, another connection may carry it at once. */
  readonly begun: boolean;
  /** Whether the session can carry another mail. */
  readonly reusable: boolean;
};

export type Session = {
  /** `TLSv1.3` and the like; null in clear. */
  readonly tls: string | null;
  /** The address it leads to. */
  readonly address: string;
  send(mail: OutgoingMail): Promise<Sent>;
  isOpen(): boolean;
  /** Takes leave (QUIT); ends the connection soon after, answered or not. */
  quit(): void;
};

export type Opened = { readonly ok: true; readonly session: Session } | { readonly ok: false; readonly fact: Fact };

/** Opens a session up to the point where MAIL may be said: TLS as the hop demands; verified and authenticated if it has credentials. */
export async function openSession(request: OpenRequest): Promise<Opened> {
  const { hop } = request;
  // Credentials never travel in clear, so a hop that has them demands TLS whatever its policy.
  const mayFallBack = hop.tls === 'Opportunistic' && !hop.implicitTls && hop.auth === undefined;
  const opened = await open(request, mayFallBack ? 'if-offered' : 'demanded');
  if (opened.ok || !mayFallBack) return opened;
  const tlsStoodInTheWay = opened.fact.kind === 'no-tls' || opened.fact.kind === 'tls-failed';
  return tlsStoodInTheWay ? open(request, 'none') : opened;
}

async function open(request: OpenRequest, starttls: 'if-offered' | 'demanded' | 'none'): Promise<Opened> {
  const { hop, address, deadlines, signal } = request;
  const tcp = await connectTcp({ address, port: hop.port, deadlineMs: deadlines.connectMs, signal });
  if (!tcp.ok) return tcp;
  const connection = new SMTPConnection({
    connection: tcp.socket,
    secure: hop.implicitTls,
    requireTLS: starttls === 'demanded' && !hop.implicitTls,
    ignoreTLS: starttls === 'none',
    host: address,
    ...(isIP(hop.host) === 0 ? { servername: hop.host } : {}),
    name: request.helloName,
    tls: {
      minVersion: `TLSv${hop.floor}`,
      // RFC 8314 §5.3: a password goes to nobody who has not proved to be the hop, whatever the policy says of mail.
      rejectUnauthorized: hop.tls === 'Verify' || hop.auth !== undefined,
      ...(hop.ca === undefined ? {} : { ca: hop.ca }),
    },
    connectionTimeout: deadlines.greetingMs + 1_000, // the library's own timers stay behind ours
    greetingTimeout: deadlines.greetingMs + 1_000,
    socketTimeout: Math.max(...Object.values(deadlines)) + 1_000,
  });
  connection.on('error', () => undefined); // every failure reaches us through `exchange`
  const patience = { deadlineMs: deadlines.greetingMs, signal };
  const greeted = await exchange(connection, patience, (finish) => connection.connect(finish));
  if (!greeted.ok) {
    connection.close();
    return { ok: false, fact: openingFact(greeted) };
  }
  const greeting = connection.lastServerResponse || ''; // before the login, whose reply takes its place
  const refusal = hop.auth === undefined ? undefined : await authenticate(connection, hop.auth, patience);
  return refusal === undefined ? startSession(connection, greeting, request) : { ok: false, fact: refusal };
}

async function authenticate(
  connection: SMTPConnection,
  { username, password }: NonNullable<Hop['auth']>,
  patience: Patience,
): Promise<Fact | undefined> {
  const login = { user: username, pass: password };
  const answer = await exchange(connection, patience, (finish) => connection.login(login, finish));
  if (answer.ok) return undefined;
  connection.close();
  return loginFact(answer);
}

function startSession(connection: SMTPConnection, ehloReply: string, request: OpenRequest): Opened {
  const { address, deadlines, signal } = request;
  const socket = takeSocket(connection);
  if (socket === undefined) {
    connection.close();
    return { ok: false, fact: { kind: 'lost', dotSent: false, detail: 'EARLY_REPLY' } };
  }
  const line = startLine(socket, signal);
  const terms = { line, peer: parseCapabilities(ehloReply), deadlines };
  return {
    ok: true,
    session: {
      tls: socket instanceof TLSSocket ? socket.getProtocol() : null,
      address,
      isOpen: line.isOpen,
      quit: () => line.leave(),
      send: (mail) => transact(terms, mail),
    },
  };
}
