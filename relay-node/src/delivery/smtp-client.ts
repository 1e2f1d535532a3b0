// One SMTP session with a next hop, and the mails sent over it. The only importer of nodemailer, of which it uses SMTPConnection.
// Owns what the library leaves open: deadlines on whole replies however they drip, a verdict per recipient, whether the final dot
// may have left, TLS that is never given up silently, and connecting to the very address that was checked.
// Refuses to know what a failure means and which hop comes next.
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import SMTPConnection, { type SMTPConnectionEnvelope, type SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import type { Recipient } from '@relayfleet/contract/envelope.ts';
import type { Hop } from '../routing/next-hops.ts';
import { parseCapabilities, unfitness, type Capabilities } from './capabilities.ts';
import { exchange, openingFact, sendingFact, type Patience, type Result } from './exchange.ts';
import type { Fact } from './facts.ts';
import { messageStream } from './message-stream.ts';
import { commandParameters } from './parameters.ts';
import { connectTcp } from './tcp-connection.ts';

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
  send(mail: OutgoingMail): Promise<Sent>;
  isOpen(): boolean;
  /** Takes leave (QUIT); ends the connection soon after, answered or not. */
  quit(): void;
};

export type Opened = { readonly ok: true; readonly session: Session } | { readonly ok: false; readonly fact: Fact };

const quitPatienceMs = 2_000;
const oneWrite = 65_536;

/** Opens a session up to the point where MAIL may be said: TLS as the hop demands, authenticated if it has credentials. */
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
      rejectUnauthorized: hop.tls === 'Verify',
      ...(hop.ca === undefined ? {} : { ca: hop.ca }),
    },
    connectionTimeout: deadlines.greetingMs + 1_000, // the library's own timers stay behind ours
    greetingTimeout: deadlines.greetingMs + 1_000,
    socketTimeout: Math.max(...Object.values(deadlines)) + 1_000,
  });
  connection.on('error', () => undefined); // every failure reaches us through `exchange`
  const patience = { deadlineMs: deadlines.greetingMs, signal };
  const greeted = await exchange<void>(connection, patience, (finish) => connection.connect(finish));
  if (!greeted.ok) {
    connection.close();
    return { ok: false, fact: openingFact(greeted) };
  }
  const session = startSession(connection, request); // before the login, whose reply would take the place of EHLO's
  const refusal = hop.auth === undefined ? undefined : await authenticate(connection, hop.auth, patience);
  return refusal === undefined ? { ok: true, session } : { ok: false, fact: refusal };
}

async function authenticate(
  connection: SMTPConnection,
  { username, password }: NonNullable<Hop['auth']>,
  patience: Patience,
): Promise<Fact | undefined> {
  const login = { user: username, pass: password };
  const answer = await exchange<unknown>(connection, patience, (finish) => connection.login(login, finish));
  if (answer.ok) return undefined;
  connection.close();
  return sendingFact(answer, 'auth');
}

function startSession(connection: SMTPConnection, { deadlines, signal }: OpenRequest): Session {
  const socket = connection._socket;
  const peer = parseCapabilities(connection.lastServerResponse || '');
  return {
    tls: socket instanceof TLSSocket ? socket.getProtocol() : null,
    isOpen: () => !connection.destroyed,
    quit: () => {
      if (connection.destroyed) return;
      connection.quit();
      setTimeout(() => connection.close(), quitPatienceMs).unref();
    },
    send: (mail) => send({ connection, peer, deadlines, signal }, mail),
  };
}

type Line = {
  readonly connection: SMTPConnection;
  readonly peer: Capabilities;
  readonly deadlines: Deadlines;
  readonly signal: AbortSignal;
};

async function send(line: Line, mail: OutgoingMail): Promise<Sent> {
  const { connection, peer, deadlines, signal } = line;
  const size = mail.pieces.reduce((sum, piece) => sum + piece.length, 0);
  const unfit = unfitness({ size, eightBit: mail.eightBit, smtputf8: mail.smtputf8 }, peer);
  if (unfit !== undefined) return { facts: mail.recipients.map(() => unfit), begun: false, reusable: true };
  extendCommands(connection, commandParameters(mail, peer));
  const envelope: SMTPEnvelope = {
    from: mail.sender === '' ? false : mail.sender,
    to: mail.recipients.map(({ address }) => address),
    size,
    use8BitMime: mail.eightBit,
  };
  const progress = { begun: false, dotSent: false };
  const patience = { deadlineMs: deadlines.envelopeMs, signal };
  const result = await exchange<{ response: string }>(connection, patience, (finish, rearm) => {
    const writeTogether = size <= oneWrite ? corking(connection) : undefined;
    const data = messageStream(mail.pieces, (last) => {
      progress.begun = true;
      progress.dotSent ||= last;
      writeTogether?.(last);
      rearm(last ? deadlines.finalMs : deadlines.blockMs);
    });
    connection.send(envelope, data, finish);
  });
  const common = commonFact(result, progress);
  const facts = perRecipient(mail, envelope, common);
  const reusable = result.ok ? common.kind === 'taken' : !progress.begun && (await reset(line, common));
  if (!reusable) connection.close();
  return { facts, begun: progress.begun, reusable };
}

/** Header, message and dot of a small mail leave in one segment instead of three. */
function corking(connection: SMTPConnection): (last: boolean) => void {
  const socket = connection._socket || undefined;
  let corked = false;
  return (last) => {
    if (!corked) socket?.cork();
    corked = true;
    if (last) setImmediate(() => socket?.uncork());
  };
}

function commonFact(
  result: Result<{ response: string }>,
  { begun, dotSent }: { begun: boolean; dotSent: boolean },
): Fact {
  if (!result.ok) return sendingFact(result, dotSent ? 'dot' : 'data');
  if (begun && !dotSent) return { kind: 'lost', dotSent, detail: 'EARLY_REPLY' }; // it cannot be about a message it has not seen
  return { kind: 'taken', reply: result.value.response };
}

/** A refusal of one recipient is final for that one, whatever became of the rest of the conversation. */
function perRecipient(mail: OutgoingMail, envelope: SMTPEnvelope, common: Fact): readonly Fact[] {
  // The library keeps its books in the object it was given, also where it reports only one error for all.
  const { rejectedErrors = [] } = envelope as Partial<SMTPConnectionEnvelope>;
  const refusals = new Map(rejectedErrors.map(({ recipient, response }) => [recipient, response]));
  return mail.recipients.map(({ address }) => {
    const reply = refusals.get(address);
    return reply === undefined ? common : { kind: 'refused', stage: 'rcpt', reply };
  });
}

/** After a refused envelope the peer may hold half a transaction. */
async function reset({ connection, deadlines, signal }: Line, fact: Fact): Promise<boolean> {
  if (fact.kind !== 'refused' || connection.destroyed) return false;
  const patience = { deadlineMs: deadlines.greetingMs, signal };
  return (await exchange<unknown>(connection, patience, (finish) => connection.reset(finish))).ok;
}

/** The library sends a command as a whole; this is where it can still be added to. */
function extendCommands(connection: SMTPConnection, parameters: (command: string) => string): void {
  type WithCommands = { _sendCommand: (this: SMTPConnection, command: string, logged?: string) => void };
  const { _sendCommand } = SMTPConnection.prototype as unknown as WithCommands;
  (connection as unknown as WithCommands)._sendCommand = (command, logged) =>
    _sendCommand.call(connection, command + parameters(command), logged);
}
