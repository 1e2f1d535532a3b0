// One connection of smtp-server, with what its defaults leave open: our replies, AUTH offered under TLS only, addresses as the
// client spelled them, and a deadline for the whole of each command and of DATA (the library's timeout is for silence only).
// It overrides methods of the pinned version that are exported but not documented; test/relay-node/accept-*.test.ts hold them to it.
import type { Socket } from 'node:net';
import type { SMTPServer } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { render, type Answer, type ReplyKey } from '../replies.ts';
import { ClientStream } from './client-stream.ts';
import { libraryReply } from './library-replies.ts';
import { rawParameter } from './xtext.ts';

/** Milliseconds. A drip of bytes does not extend any of them. */
export type Deadlines = {
  /** From the connection to a successful login; for the handshake of implicit TLS as long again. */
  readonly login: number;
  /** RFC 5321 §4.5.3.2.7: for each command after that, 5 minutes. */
  readonly command: number;
  /** From DATA to its final dot. */
  readonly data: number;
};

export type ConnectionHooks = {
  readonly deadlines: Deadlines;
  readonly maxMessageBytes: () => number;
  /** A refusal worded by the protocol itself, not by the gate. */
  readonly onRefusal: (reply: ReplyKey) => void;
};

export class Connection extends SMTPConnection {
  tls: { readonly version: string; readonly cipher: string } | undefined;
  failedLogins = 0;
  readonly #hooks: ConnectionHooks;
  #deadline: NodeJS.Timeout | undefined;
  #greeting = false;

  constructor(
    server: SMTPServer,
    socket: Socket,
    options: SMTPConnectionOptions | null | undefined,
    hooks: ConnectionHooks,
  ) {
    super(server, socket, options);
    this.#hooks = hooks;
    this.#within(hooks.deadlines.login);
  }

  /** Whether nothing of a mail is under way, so that closing loses no work. */
  get idle(): boolean {
    return !this._dataStream && !this._handlerPending && !this.session.envelope?.mailFrom;
  }

  /** Says why, and closes. */
  end(reply: ReplyKey): void {
    this.#say({ reply });
  }

  /** The client has logged in, or its message is in: from now on it has the time of a command again. */
  progressed(): void {
    this.#within(this.#hooks.deadlines.command);
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const text = typeof data === 'string' ? data : '';
    if (code >= 400 && !ownStatus.test(text)) {
      const reply = libraryReply({ code, text, context }, this.secure);
      if (reply !== undefined) return this.#say({ reply, values: { limit: this.#hooks.maxMessageBytes() } }, context);
    }
    // RFC 2034 §4: greetings and answers to EHLO carry no status, everything else exactly one: ours where we gave it.
    if (context === false) return super.send(code, text ? text.replace(ownStatus, '') : data, false);
    super.send(code, data, ownStatus.test(text) ? false : context);
  }

  /** Called by the library's constructor too, before the fields of this class are there. */
  override _createParser(): ClientStream {
    const parser = new ClientStream();
    parser.oncommand = (command, callback) => this._onCommand(command, callback);
    parser.onendless = () => this.#cutOff();
    parser.on('error', (error) => this.send(421, error.message));
    return parser;
  }

  override _onCommand(command: Buffer, callback?: () => void): void {
    if (this.session.user) this.progressed();
    super._onCommand(command, callback);
  }

  override handler_DATA(command: Buffer, callback: () => void): void {
    this.#within(this.#hooks.deadlines.data);
    super.handler_DATA(command, callback);
  }

  /** RFC 4954 §4: a mechanism that sends the password is not even offered without TLS. */
  override handler_EHLO(command: Buffer, callback: () => void): void {
    this.#greeting = true;
    super.handler_EHLO(command, callback);
    this.#greeting = false;
  }

  override _isSupported(command: string): boolean {
    if (this.#greeting && command === 'AUTH' && !this.secure) return false;
    return super._isSupported(command);
  }

  /** The library decodes `xn--` labels and xtext, so that hostile spellings arrive as other words: judge what the client wrote. */
  override _parseAddressCommand(
    name: string,
    command: Buffer | string,
  ): ReturnType<SMTPConnection['_parseAddressCommand']> {
    const parsed = super._parseAddressCommand(name, command);
    if (parsed === false) return parsed;
    const text = command.toString();
    const args = parsed.args && { ...parsed.args };
    for (const name of ['ENVID', 'ORCPT'] as const)
      if (args && args[name] !== undefined) args[name] = rawParameter(text, name) ?? args[name];
    return { ...parsed, args, address: /<([^<>]*)>/.exec(text)?.[1] ?? '' };
  }

  override _onClose(): void {
    clearTimeout(this.#deadline);
    super._onClose();
  }

  #say(answer: Answer, context?: string | false): void {
    this.#hooks.onRefusal(answer.reply);
    const { code, status, text } = render(answer);
    super.send(code, context === false ? text : `${status} ${text}`, false);
  }

  /** RFC 5321 §3.8: no closing without 421. The client, which is still sending, hears first what its message comes to. */
  #cutOff(): void {
    this.#say({ reply: 'sizeExceeded', values: { limit: this.#hooks.maxMessageBytes() } });
    this.end('messageEndless');
  }

  #within(milliseconds: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.end('tooSlow'), milliseconds).unref();
  }
}

const ownStatus = /^[245]\.\d{1,3}\.\d{1,3} /;
