// What a client has said so far, in our words: the border between the SMTP library and everything behind it.
// Values are as the client sent them; nothing here is checked but the protocol's own grammar.
import type { Recipient } from '@relayfleet/contract/envelope.ts';
import type { SecretHash } from '@relayfleet/contract/snapshot.ts';
import type { Answer } from '../replies.ts';
import type { WireDefect } from './line-scanner.ts';

/** Who logged in, and with which of the platform's secrets, so that a withdrawn one ends its sessions. */
export type Credential = { readonly username: string; readonly secret: SecretHash };

export type Session = {
  readonly id: string;
  readonly remoteAddress: string;
  /** Argument of EHLO, unchecked. */
  readonly helo: string;
  readonly tls: { readonly version: string; readonly cipher: string } | undefined;
  /** Not taken without TLS; the rules ask for both. */
  readonly credential: Credential | undefined;
};

/** MAIL FROM. Address without its brackets; empty is the null sender. */
export type SenderCommand = {
  readonly address: string;
  readonly smtputf8: boolean;
  /** RFC 3461 §4.3, §4.4; `envid` as xtext. */
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
  /** Names of parameters that EHLO did not offer. */
  readonly unusable: readonly string[];
  /** Names of parameters whose value is not in their grammar. */
  readonly malformed: readonly string[];
};

/** RCPT TO, with its DSN parameters as the envelope stores them. */
export type RecipientCommand = Omit<Recipient, 'n'> & Pick<SenderCommand, 'unusable' | 'malformed'>;

export type Transaction = { readonly sender: SenderCommand; readonly recipients: readonly RecipientCommand[] };

/** What came between DATA and its final dot, dots unstuffed. */
export type Content = {
  /** Empty when the message was too large, there was no room for it, or it was not kept (`LargeMessage`). */
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly eightBit: boolean;
  readonly problem: 'too-large' | 'no-memory' | WireDefect | undefined;
};

/** A message that is not kept in memory until its end, from its first bytes on. */
export type LargeMessage = {
  /** Takes bytes over, the first ones among them; where it answers with a promise, the next ones wait for that. Never rejects. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Bytes of memory it takes at the moment. */
  held(): number;
  /** Its final dot has come. Always answers, within a bounded time. */
  end(content: Content): Promise<Answer>;
  /** No more of it is wanted, or what was wanted is done. Resolves when it takes no memory any more. */
  abandon(): Promise<void>;
};

export type LoginClaim = {
  readonly username: string;
  readonly password: string;
  /** Logins that failed on this connection so far. */
  readonly failures: number;
};
export type Login =
  { readonly ok: true; readonly credential: Credential } | { readonly ok: false; readonly answer: Answer };

/** Whoever decides about sessions; answers given here have been counted. Undefined means: go on. */
export type Gate = {
  connect(session: Session): Answer | undefined;
  /** Once for every connection, also those that `connect` refused or never saw. */
  disconnect(session: Session): void;
  secured(session: Session): void;
  login(session: Session, claim: LoginClaim): Promise<Login>;
  sender(session: Session, sender: SenderCommand): Answer | undefined;
  /** `accepted`: recipients this transaction has already. */
  recipient(session: Session, sender: SenderCommand, recipient: RecipientCommand, accepted: number): Answer | undefined;
  /** A message is outgrowing memory: `head` is what came of it so far, the header section in it or larger than one may be. */
  largeMessage(session: Session, transaction: Transaction, head: Uint8Array): LargeMessage;
  /** Always answers, within a bounded time. */
  message(session: Session, transaction: Transaction, content: Content): Promise<Answer>;
};
