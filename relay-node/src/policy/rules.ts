// What a client may do, as ordered lists of named rules: the first that refuses decides, and the lists are the documentation.
// Pure: facts in, answer out. Every list begins again with the standing of session and platform, so that a suspension, an unbound
// domain or a withdrawn password bites in sessions that are already open. Refuses to know replies' wording (replies.ts).
import { formatMailbox, parseMailbox, type Mailbox } from '@relayfleet/contract/address.ts';
import type { DomainPolicy, PlatformPolicy, Snapshot } from '@relayfleet/contract/snapshot.ts';
import type { Content, RecipientCommand, SenderCommand, Session } from '../ingress/session.ts';
import type { Answer, ReplyKey } from '../replies.ts';
import { refusalAt, type Marks } from './admission.ts';
import { headerLimits, type HeaderReading, type MailboxField } from './header.ts';
import { authorise } from './sender-authorised.ts';

export type SenderFacts = { readonly snapshot: Snapshot; readonly session: Session; readonly sender: SenderCommand };
export type AdmissionFacts = SenderFacts & { readonly marks: Marks };
export type RecipientFacts = SenderFacts & {
  readonly recipient: RecipientCommand;
  /** Recipients the transaction has already. */
  readonly accepted: number;
};
export type MessageFacts = SenderFacts & { readonly content: Content; readonly header: HeaderReading };

export type Rule<Facts> = {
  readonly name: string;
  /** The answer that refuses; undefined when the rule has nothing against it. */
  readonly refuse: (facts: Facts) => ReplyKey | Answer | undefined;
};

const standing: readonly Rule<SenderFacts>[] = [
  { name: 'mail travels under TLS only', refuse: ({ session }) => (session.tls ? undefined : 'tlsRequired') },
  {
    name: 'the client has logged in',
    refuse: ({ session }) => (session.credential ? undefined : 'authenticationRequired'),
  },
  {
    name: 'the credential is still in force',
    refuse: (facts) => (platformOf(facts) ? undefined : 'authenticationRequired'),
  },
  { name: 'the fleet runs', refuse: ({ snapshot }) => (snapshot.fleet.suspended ? 'fleetSuspended' : undefined) },
  {
    name: 'the platform runs',
    refuse: (facts) => (platformOf(facts)?.suspended ? 'platformSuspendedSince' : undefined),
  },
];

/** All entries of a mail are one commit, and nats-server takes 1000 messages in one: a client that is asked sends the rest apart. */
const mostRecipients = 1000;

/** RFC 5321 §6.3: a loop is told by its length. Submitted mail has few hops behind it, so this is less than the 100 for relays. */
const mostReceived = 50;

/** What holds for the sender from MAIL FROM to the end of DATA. */
const welcome: readonly Rule<SenderFacts>[] = [
  ...standing,
  {
    name: 'no parameter that was not offered',
    refuse: ({ sender }) => (sender.unusable.length > 0 ? 'unknownParameter' : undefined),
  },
  {
    name: 'no parameter with a value that is none',
    refuse: ({ sender }) => (sender.malformed.length > 0 ? 'badSyntax' : undefined),
  },
  {
    name: 'the envelope sender is null or a plain address',
    refuse: ({ sender }) => (sender.address === '' || parseMailbox(sender.address) ? undefined : 'senderSyntax'),
  },
  {
    name: 'an address beyond ASCII is declared',
    refuse: ({ sender }) => undeclared(sender, sender.address),
  },
  {
    // RFC 5321 §4.5.5: the null sender is for bounces and notices; the From header decides then.
    name: 'the platform may use the envelope sender',
    refuse: (facts) =>
      facts.sender.address === '' ? undefined : mayUse(facts, parseMailbox(facts.sender.address), 'senderNotAllowed'),
  },
];

/** At MAIL FROM. */
export const senderRules: readonly Rule<AdmissionFacts>[] = [
  ...welcome,
  {
    // Said once, early: a mail that is on its way by the time the queue fills up is still taken, the marks leave room for it.
    name: 'the queue has room for mail of the platform’s lane',
    refuse: (facts) => refusalAt(facts.marks, platformOf(facts)?.lane ?? 'bulk'),
  },
];

/** At RCPT TO. Any recipient domain is fine: only platforms that logged in get here. */
export const recipientRules: readonly Rule<RecipientFacts>[] = [
  ...standing,
  {
    name: 'no parameter that was not offered',
    refuse: ({ recipient }) => (recipient.unusable.length > 0 ? 'unknownParameter' : undefined),
  },
  {
    name: 'no parameter with a value that is none',
    refuse: ({ recipient }) => (recipient.malformed.length > 0 ? 'badSyntax' : undefined),
  },
  {
    name: 'the recipient is a plain address',
    refuse: ({ recipient }) => (parseMailbox(recipient.address) ? undefined : 'recipientSyntax'),
  },
  {
    name: 'an address beyond ASCII is declared',
    refuse: ({ sender, recipient }) => undeclared(sender, recipient.address),
  },
  {
    name: 'not more recipients than the fleet allows',
    refuse: ({ snapshot, accepted }) =>
      accepted >= Math.min(snapshot.fleet.limits.maxRecipients, mostRecipients) ? 'tooManyRecipients' : undefined,
  },
];

/** At the end of DATA. */
export const messageRules: readonly Rule<MessageFacts>[] = [
  ...welcome,
  {
    name: 'not larger than the fleet allows',
    refuse: ({ snapshot, content }) =>
      content.problem === 'too-large'
        ? { reply: 'sizeExceeded', values: { limit: snapshot.fleet.limits.maxMessageBytes } }
        : undefined,
  },
  {
    name: 'there was room for it',
    refuse: ({ content }) => (content.problem === 'no-memory' ? 'bodyMemoryFull' : undefined),
  },
  {
    name: 'no bare carriage return',
    refuse: ({ content }) => (content.problem === 'bare-cr' ? 'bareCarriageReturn' : undefined),
  },
  { name: 'no bare line feed', refuse: ({ content }) => (content.problem === 'bare-lf' ? 'bareLineFeed' : undefined) },
  { name: 'no NUL', refuse: ({ content }) => (content.problem === 'nul' ? 'nulByte' : undefined) },
  {
    name: 'no line longer than a line may be',
    refuse: ({ content }) => (content.problem === 'long-line' ? 'lineTooLong' : undefined),
  },
  {
    name: 'header of bounded size',
    refuse: ({ header }) =>
      header.problem === 'too-large' ? { reply: 'headerTooLarge', values: { limit: headerLimits.bytes } } : undefined,
  },
  {
    name: 'header of bounded folding',
    refuse: ({ header }) =>
      header.problem === 'too-many-folds'
        ? { reply: 'tooManyFolds', values: { limit: headerLimits.folds } }
        : undefined,
  },
  {
    name: 'header that all readers read alike',
    refuse: ({ header }) => (header.problem === 'malformed' ? 'headerMalformed' : undefined),
  },
  {
    name: 'not passed on for ever',
    refuse: ({ header }) => (header.received >= mostReceived ? 'mailLoop' : undefined),
  },
  { name: 'a From header', refuse: ({ header }) => (header.from.length === 0 ? 'fromMissing' : undefined) },
  { name: 'one From header only', refuse: ({ header }) => (header.from.length > 1 ? 'fromRepeated' : undefined) },
  { name: 'one mailbox in From', refuse: ({ header }) => (header.from[0]?.mailbox ? undefined : 'fromNotOneMailbox') },
  {
    name: 'a From beyond ASCII is declared',
    refuse: ({ sender, header }) =>
      header.from[0]?.mailbox?.utf8 && !sender.smtputf8 ? 'internationalNotDeclared' : undefined,
  },
  {
    name: 'the platform may use From',
    refuse: (facts) => mayUse(facts, facts.header.from[0]?.mailbox, 'fromNotAllowed'),
  },
  {
    name: 'no Sender header, or one with one mailbox',
    refuse: ({ header }) =>
      header.sender.length > 1 || header.sender.some(empty) ? 'senderHeaderUnusable' : undefined,
  },
  {
    name: 'the platform may use Sender',
    refuse: (facts) =>
      facts.header.sender.length === 0
        ? undefined
        : mayUse(facts, facts.header.sender[0]?.mailbox, 'senderHeaderNotAllowed'),
  },
  {
    // One's own address may stand in the name: many programs repeat it there.
    name: 'no name that shows an address of somebody else',
    refuse: (facts) =>
      [...facts.header.from, ...facts.header.sender]
        .flatMap(({ shown }) => shown)
        .some((address) => mayUse(facts, address, 'nameShowsAddress') === 'nameShowsAddress')
        ? 'nameShowsAddress'
        : undefined,
  },
];

/** Asks the rules in order; undefined when none refuses. */
export function judge<Facts>(rules: readonly Rule<Facts>[], facts: Facts): Answer | undefined {
  for (const rule of rules) {
    const refusal = rule.refuse(facts);
    if (refusal !== undefined) return typeof refusal === 'string' ? { reply: refusal } : refusal;
  }
  return undefined;
}

/** Whose mail a message is, once `messageRules` have nothing against it. */
export type Authorship = {
  readonly platform: PlatformPolicy;
  /** Of the From header. */
  readonly domain: DomainPolicy;
  /** Canonical envelope sender; empty is the null sender. */
  readonly sender: string;
  readonly tls: NonNullable<Session['tls']>;
};

/** Only for facts that passed `messageRules`. */
export function authorshipOf(facts: MessageFacts): Authorship {
  const platform = platformOf(facts);
  const author = facts.header.from[0]?.mailbox;
  const domain = author && facts.snapshot.domains.get(author.domain);
  const { tls } = facts.session;
  if (platform === undefined || domain === undefined || tls === undefined)
    throw new Error('authorship asked of a message the rules refuse');
  const sender = parseMailbox(facts.sender.address);
  return { platform, domain, tls, sender: sender === undefined ? '' : formatMailbox(sender) };
}

/** The platform of the session's credential, as long as it still lists the secret that was used. */
function platformOf({ snapshot, session }: Pick<SenderFacts, 'snapshot' | 'session'>): PlatformPolicy | undefined {
  const { credential } = session;
  const platform = credential && snapshot.platforms.get(credential.username);
  return platform?.secrets.some(({ hash }) => hash === credential?.secret.hash) ? platform : undefined;
}

function mayUse(facts: SenderFacts, mailbox: Mailbox | undefined, refusal: ReplyKey): ReplyKey | undefined {
  const platform = platformOf(facts);
  if (platform === undefined || mailbox === undefined) return refusal;
  const { kind } = authorise(facts.snapshot, platform, mailbox);
  if (kind === 'allowed') return undefined;
  return kind === 'domain-suspended' ? 'domainSuspended' : refusal;
}

/** RFC 6531 §3.4: an address outside ASCII goes only into a transaction that says so. */
function undeclared(sender: SenderCommand, address: string): ReplyKey | undefined {
  return /[^\x20-\x7e]/.test(address) && !sender.smtputf8 ? 'internationalNotDeclared' : undefined;
}

function empty({ mailbox }: MailboxField): boolean {
  return mailbox === undefined;
}
