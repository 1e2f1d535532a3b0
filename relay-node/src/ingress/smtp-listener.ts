// One port clients submit mail on: turns smtp-server's callbacks into questions to the gate, and the gate's answers into replies.
// Sets what the library leaves open: own certificate, TLS floor, limits, no toy commands. Decides nothing about mail itself.
// RFC 8314 §3.3 (implicit TLS), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 6409 (submission), RFC 3461 (DSN parameters).
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { FleetPolicy } from '@relayfleet/contract/snapshot.ts';
import { render, type Answer, type ReplyKey } from '../replies.ts';
import type { Certificate } from './certificate.ts';
import { collect, type MemoryBudget } from './collect.ts';
import { addressGroup, mostOfOneAddress, type Tally } from './client-address.ts';
import { recipientCommand, senderCommand } from './commands.ts';
import { Connection, type Deadlines } from './connection.ts';
import { createRecipients } from './recipients.ts';
import type { Gate, Session, Transaction } from './session.ts';

export type ListenerAddress = { readonly mode: 'implicit' | 'starttls'; readonly host: string; readonly port: number };

/** Read again for every connection and command: they change with the snapshot. */
export type ListenerLimits = Pick<FleetPolicy, 'helloName' | 'tlsFloor'> &
  Pick<FleetPolicy['limits'], 'maxMessageBytes' | 'maxConnections'>;

export type ListenerOptions = {
  readonly address: ListenerAddress;
  readonly gate: Gate;
  readonly certificate: () => Certificate;
  readonly limits: () => ListenerLimits;
  readonly deadlines: Deadlines;
  readonly budget: MemoryBudget;
  /** A message beyond this size is not kept in memory until its end. */
  readonly keepBytes: number;
  /** Sockets by client address, of all listeners together; handshakes under way are among them. */
  readonly sockets: Tally;
  /** A refusal worded by the protocol itself, not by the gate. */
  readonly onRefusal: (reply: ReplyKey) => void;
  /** A handshake or a connection that broke. */
  readonly onConnectionFault: (error: Error) => void;
  /** Something threw that never should; the client gets 451. */
  readonly onDefect: (error: Error) => void;
};

export type Listener = {
  /** With the port really bound. */
  readonly address: ListenerAddress;
  /** Presents the certificate and floor of now to connections from now on; those that exist go on undisturbed. */
  refreshTls(): void;
  /** Takes no new connection, ends idle ones, lets transactions in DATA finish; breaks off what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
};

/** Binds the port. Rejects when it is taken. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { address } = options;
  const server = new SubmissionServer(options);
  server.on('error', options.onConnectionFault);
  const listening = server.listen(address.port, address.host);
  await once(listening, 'listening'); // rejects with the error of the bind
  return {
    address: { ...address, port: (listening.address() as AddressInfo).port },
    refreshTls: () => server.refreshTls(),
    stop: (graceMs) => server.stop(graceMs),
  };
}

class SubmissionServer extends SMTPServer {
  readonly #listener: ListenerOptions;
  readonly #connections = new WeakMap<SMTPServerSession, Connection>();
  readonly #recipients = createRecipients();
  #presented: ReturnType<typeof tlsOptions>;
  #stopping = false;

  constructor(listener: ListenerOptions) {
    super(serverOptions(listener));
    this.#listener = listener;
    this.#presented = tlsOptions(listener);
    this.server.on('connection', (socket) => this.#boundHandshake(socket));
  }

  override connect(socket: Socket, socketOptions?: ConstructorParameters<typeof Connection>[2]): void {
    const { deadlines, limits, onRefusal } = this.#listener;
    const hooks = { deadlines, onRefusal, maxMessageBytes: () => limits().maxMessageBytes };
    const connection = new Connection(this, socket, socketOptions, hooks);
    this.#connections.set(connection.session, connection);
    this.connections.add(connection);
    connection.on('error', (error) => this._onError(error));
    connection.init();
  }

  /**
   * A client over its limit is told so under TLS, by the gate; a flood of them is cut off here. This is the only place for it: Node
   * crashes when a socket is destroyed below a handshake.
   */
  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    const { sockets, limits, onRefusal } = this.#listener;
    const group = addressGroup(socket.remoteAddress ?? '');
    const most = mostOfOneAddress(limits().maxConnections);
    socket.once('close', () => sockets.remove(group));
    if (sockets.add(group) <= most + floodAllowance(most)) return super._acceptSocket(socket, handshake);
    onRefusal('tooManyFromAddress');
    socket.on('error', () => undefined).destroy();
    return false;
  }

  /** A new context forgets the sessions that clients could resume, so it is made for a change only. */
  refreshTls(): void {
    const wanted = tlsOptions(this.#listener);
    if (isDeepStrictEqual(wanted, this.#presented)) return;
    this.updateSecureContext(wanted);
    this.#presented = wanted;
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.options.closeTimeout = graceMs;
    const closed = new Promise<void>((resolve) => this.close(resolve));
    for (const connection of this.connections)
      if (connection instanceof Connection && connection.idle) connection.end('shuttingDown');
    await closed;
  }

  override onConnect(session: SMTPServerSession, callback: Callback): void {
    callback(toError(this.#listener.gate.connect(this.#session(session))));
  }

  override onSecure(socket: Socket | TLSSocket, session: SMTPServerSession, callback: Callback): void {
    const connection = this.#connections.get(session);
    if (connection && socket instanceof TLSSocket)
      connection.tls = { version: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().standardName };
    this.#listener.gate.secured(this.#session(session));
    callback();
  }

  override onAuth(...[auth, session, callback]: Parameters<SMTPServer['onAuth']>): void {
    const connection = this.#connections.get(session);
    const { username = '', password } = auth;
    // RFC 4616 §2: nobody here may act as somebody else, so the two identities of PLAIN must agree.
    const oneIdentity = !auth.authzid || auth.authzid === username;
    const claim = { username, password: oneIdentity ? (password ?? '') : '', failures: connection?.failedLogins ?? 0 };
    this.#listener.gate.login(this.#session(session), claim).then(
      (login) => {
        if (login.ok) connection?.progressed();
        else if (connection) connection.failedLogins += 1;
        if (login.ok) callback(null, { user: login.credential });
        else callback(toError(login.answer));
      },
      (error: Error) => callback(this.#defect(error)),
    );
  }

  override onMailFrom(...[address, session, callback]: Parameters<SMTPServer['onMailFrom']>): void {
    const answer = this.#listener.gate.sender(this.#session(session), senderCommand(address));
    // Not at once: the library loses its place when a mail that arrived together with the one before is read in one go with it.
    queueMicrotask(() => callback(toError(answer)));
  }

  override onRcptTo(...[address, session, callback]: Parameters<SMTPServer['onRcptTo']>): void {
    const { envelope } = session;
    const sender = senderCommand(envelope.mailFrom || nullSender);
    const accepted = this.#recipients.count(envelope);
    const answer = this.#listener.gate.recipient(this.#session(session), sender, recipientCommand(address), accepted);
    if (answer === undefined) this.#recipients.add(envelope, address);
    callback(toError(answer));
  }

  override onData(...[stream, session, callback]: Parameters<SMTPServer['onData']>): void {
    const connection = this.#connections.get(session);
    this.#receive(stream, session).then(
      (answer) => {
        if (answer === undefined) return callback(new Error('the client went away')); // nobody reads it
        const { code, status, text } = render(answer);
        if (code === 250) callback(null, `${status} ${text}`);
        else callback(toError(answer));
        if (this.#stopping) connection?.end('shuttingDown');
      },
      (error: Error) => callback(this.#defect(error)),
    );
  }

  override onClose(session: SMTPServerSession): void {
    this.#listener.gate.disconnect(this.#session(session));
  }

  async #receive(stream: AsyncIterable<Uint8Array>, session: SMTPServerSession): Promise<Answer | undefined> {
    const { gate, budget, keepBytes, limits } = this.#listener;
    const passOn = (head: Uint8Array) => gate.largeMessage(this.#session(session), this.#transaction(session), head);
    const collected = await collect(stream, { maxBytes: limits().maxMessageBytes, budget, keepBytes, passOn });
    if (collected === undefined) return undefined;
    this.#connections.get(session)?.progressed();
    const { content, large } = collected;
    try {
      return await (large?.end(content) ?? gate.message(this.#session(session), this.#transaction(session), content));
    } finally {
      collected.free();
    }
  }

  #transaction({ envelope }: SMTPServerSession): Transaction {
    const recipients = this.#recipients.of(envelope).map(recipientCommand);
    return { sender: senderCommand(envelope.mailFrom || nullSender), recipients };
  }

  /** The library's own timeout is for silence only: a client could drip its handshake for ever. */
  #boundHandshake(socket: Socket): void {
    const timer = setTimeout(() => this._pendingSockets.get(socket)?.destroy(), this.#listener.deadlines.login).unref();
    socket.once('close', () => clearTimeout(timer));
  }

  #defect(error: Error): Error {
    this.#listener.onDefect(error);
    return toError({ reply: 'internalError' }) ?? error;
  }

  #session(session: SMTPServerSession): Session {
    return {
      id: session.id,
      remoteAddress: session.remoteAddress,
      helo: session.hostNameAppearsAs || '',
      tls: session.secure ? this.#connections.get(session)?.tls : undefined,
      credential: session.user || undefined,
    };
  }
}

/** Sockets of one address that may be under way to being told that it has too many. */
function floodAllowance(most: number): number {
  return Math.max(16, Math.ceil(most / 4));
}

const nullSender = { address: '', args: false } as const; // the library asks for RCPT after MAIL only

type Callback = (error?: Error | null) => void;

function serverOptions(listener: ListenerOptions): SMTPServerOptions {
  const { address, limits, deadlines } = listener;
  return {
    ...tlsOptions(listener),
    secure: address.mode === 'implicit',
    logger: false,
    disableReverseLookup: true,
    authMethods: ['PLAIN', 'LOGIN'],
    disabledCommands: ['WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD'],
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    hideREQUIRETLS: true, // RFC 8689: only once the second half honours it
    heloResponse: '%s',
    maxAllowedUnauthenticatedCommands: 20, // wrong passwords are counted by the gate
    socketTimeout: deadlines.command,
    get name() {
      return limits().helloName;
    },
    get size() {
      return limits().maxMessageBytes;
    },
    get maxClients() {
      return limits().maxConnections;
    },
  };
}

function tlsOptions({ certificate, limits }: ListenerOptions): Pick<SMTPServerOptions, 'key' | 'cert' | 'minVersion'> {
  const { key, cert } = certificate();
  return { key, cert, minVersion: `TLSv${limits().tlsFloor}` };
}

/** An answer as the library takes it: a refusal is an error with a code. */
function toError(answer: Answer | undefined): Error | null {
  if (answer === undefined) return null;
  const { code, status, text } = render(answer);
  return Object.assign(new Error(`${status} ${text}`), { responseCode: code });
}
