// Every reply a client can get that is not plain progress: its line on the wire, why, and what the sender should do.
// No other file spells a reply; docs/reference/replies.md is made from this one. Lines name no user, address or reason of an
// owner: `{word}` stands for a number or an id of ours. Which reply is given when is decided in policy/ and ingress/.
// Codes: RFC 5321 §4.2.3, RFC 4954 §6, RFC 3207 §4, RFC 5248; statuses: RFC 3463.

export type Reply = {
  /** Code, status and text, as sent. */
  readonly line: string;
  /** For operators: docs, logs, metrics. */
  readonly reason: string;
  /** What the sending application, or its owner, should do. */
  readonly sender: string;
};
type Replies = Readonly<Record<string, Reply>>;

const retry = 'Keep the mail and try again; the relay recovers by itself.';
const edit = 'Correct the message; sending it unchanged fails again.';

/** Said at any time, by the protocol itself. */
const connection = {
  noConfiguration: {
    line: '421 4.3.2 Not ready yet, try again in a moment',
    reason: 'The node holds no configuration: it has just started, or has not heard from the operator.',
    sender: retry,
  },
  tooManyConnections: {
    line: '421 4.3.2 Too many connections, try again in a moment',
    reason: 'The node serves as many connections as the fleet’s limits.maxConnections allows.',
    sender: 'Reuse connections instead of opening one for each mail; otherwise try again.',
  },
  tooManyFromAddress: {
    line: '421 4.7.0 Too many connections from your address, try again in a moment',
    reason: 'One address (of IPv6, one /64) has half of the fleet’s limits.maxConnections; the rest is for others.',
    sender: 'Reuse connections. Where a load balancer hides the addresses of clients, keep them, or raise the limit.',
  },
  shuttingDown: {
    line: '421 4.3.2 Shutting down, connect again',
    reason: 'The node is stopping; other nodes take over.',
    sender: 'Connect again at once.',
  },
  tooSlow: {
    line: '421 4.4.2 Timeout, closing connection',
    reason: 'A command or a message did not arrive in the time a client may take, or the connection was idle.',
    sender: 'Close connections that are not in use; check the network if a message was under way.',
  },
  protocolAbuse: {
    line: '421 4.7.0 Too many or unacceptable commands, closing connection',
    reason:
      'The client spoke before the greeting, spoke HTTP, or sent too many unknown, unauthenticated or overlong commands.',
    sender: 'Check that the client speaks SMTP and uses the port’s TLS mode.',
  },
  unknownCommand: {
    line: '500 5.5.1 Command not recognised',
    reason: 'The command does not exist here.',
    sender: 'Use a client that reads the EHLO reply.',
  },
  badSyntax: {
    line: '501 5.5.4 Syntax error in a command or its parameters',
    reason: 'A command was malformed.',
    sender: 'Correct the client.',
  },
  badSequence: {
    line: '503 5.5.1 Bad sequence of commands',
    reason: 'A command came before the one it needs.',
    sender: 'Correct the client.',
  },
  internalError: {
    line: '451 4.3.0 Local error, try again later',
    reason: 'A defect in the relay; its log says more.',
    sender: retry,
  },
} as const satisfies Replies;

/** AUTH, and mail without it. */
const login = {
  tlsRequired: {
    line: '530 5.7.0 Must issue a STARTTLS command first',
    reason: 'Mail was offered on a connection without TLS.',
    sender: 'Turn on TLS in the client: implicit TLS on the submissions port, STARTTLS on the submission port.',
  },
  loginNeedsTls: {
    line: '538 5.7.11 Encryption required for authentication',
    reason: 'AUTH was tried on a connection without TLS.',
    sender: 'Turn on TLS in the client, and replace the password: it has just travelled in clear.',
  },
  unknownMechanism: {
    line: '504 5.5.4 Use AUTH PLAIN or AUTH LOGIN',
    reason: 'The client asked for another SASL mechanism.',
    sender: 'Configure PLAIN or LOGIN.',
  },
  badCredentials: {
    line: '535 5.7.8 Authentication credentials invalid',
    reason: 'Unknown user or wrong password; the two are told apart nowhere.',
    sender: 'Take user and password from the platform’s binding Secret, and read it again after a rotation.',
  },
  tooManyFailures: {
    line: '421 4.7.0 Too many failed authentications, closing connection',
    reason: 'Three logins in one connection that failed: wrong passwords, or checks there was no time for.',
    sender: 'As for 535: check the credentials before trying again.',
  },
  loginBusy: {
    line: '454 4.7.0 Temporary authentication failure, try again',
    reason: 'Too many password checks are waiting, of this client’s address or of all together.',
    sender: retry,
  },
  platformSuspended: {
    line: '525 5.7.13 This account is suspended',
    reason: 'The SenderPlatform is suspended; said only after a correct password. RFC 5248 §3.',
    sender: 'Ask the owner of the platform; its status says why.',
  },
  authenticationRequired: {
    line: '530 5.7.0 Authentication required',
    reason: 'No login, or the credential used has been withdrawn since.',
    sender: 'Log in; read the binding Secret again if that worked before.',
  },
} as const satisfies Replies;

/** MAIL FROM. Said again at the end of DATA when something changed in between. */
const sender = {
  fleetSuspended: {
    line: '451 4.3.2 Not accepting mail at the moment, try again later',
    reason: 'The RelayFleet is suspended.',
    sender: retry,
  },
  platformSuspendedSince: {
    line: '550 5.7.13 This account is suspended',
    reason: 'The SenderPlatform was suspended after the session had logged in.',
    sender: 'Ask the owner of the platform; its status says why.',
  },
  unknownParameter: {
    line: '555 5.5.4 Parameter not recognised or not implemented',
    reason: 'A parameter of MAIL or RCPT that EHLO did not offer. RFC 5321 §4.1.1.11.',
    sender: 'Use only what the EHLO reply offers.',
  },
  senderSyntax: {
    line: '501 5.1.7 Sender must be a plain local@domain address',
    reason: 'The envelope sender is not in the grammar of contract/src/address.ts.',
    sender: 'Use an address without quotes, address literal, source route or comment.',
  },
  senderNotAllowed: {
    line: '550 5.7.1 Not authorised to send from this envelope sender',
    reason: 'The platform is not bound to the domain of MAIL FROM, or not to that local part.',
    sender: 'Name the domain in the SenderPlatform, have its RelayDomain allow the namespace, or use another sender.',
  },
  domainSuspended: {
    line: '550 5.7.1 Sending from this domain is suspended',
    reason: 'The RelayDomain of the envelope sender or of the From header is suspended.',
    sender: 'Ask the owner of the domain; its status says why.',
  },
  internationalNotDeclared: {
    line: '553 5.6.7 A non-ASCII address needs the SMTPUTF8 parameter',
    reason: 'An address outside ASCII in a transaction without SMTPUTF8. RFC 6531 §3.4.',
    sender: 'Let the client use SMTPUTF8, or write the address in ASCII.',
  },
  sizeExceeded: {
    line: '552 5.3.4 Message exceeds the limit of {limit} bytes',
    reason:
      'Announced by SIZE or counted at the end of DATA: more than the fleet’s limits.maxMessageBytes, or than the queue holds.',
    sender: 'Send a smaller message; link to large files.',
  },
} as const satisfies Replies;

/** RCPT TO. */
const recipient = {
  recipientSyntax: {
    line: '501 5.1.3 Recipient must be a plain local@domain address',
    reason: 'A recipient is not in the grammar of contract/src/address.ts.',
    sender: 'Correct the address; a domain is needed, also for postmaster.',
  },
  tooManyRecipients: {
    line: '452 4.5.3 Too many recipients, send the rest in another message',
    reason: 'More recipients than the fleet’s limits.maxRecipients, or than 1000. RFC 5321 §4.5.3.1.10.',
    sender: 'Send to those accepted, then the rest in a further transaction.',
  },
} as const satisfies Replies;

/** The end of DATA. */
const message = {
  queued: {
    line: '250 2.0.0 queued as {id}',
    reason: 'The mail is stored durably.',
    sender: 'Forget the mail; the relay owns it now. Keep the id for questions.',
  },
  bareLineFeed: {
    line: '550 5.6.11 Line feed without carriage return in the message',
    reason: 'A bare LF: peers would disagree about where lines, and mails, end.',
    sender: edit,
  },
  bareCarriageReturn: {
    line: '550 5.6.11 Carriage return without line feed in the message',
    reason: 'A bare CR: peers would disagree about where lines end, and it breaks signatures.',
    sender: edit,
  },
  nulByte: {
    line: '550 5.6.11 NUL byte in the message',
    reason: 'NUL is not allowed in mail, and programs cut text at it. RFC 5322 §2.2.',
    sender: edit,
  },
  lineTooLong: {
    line: '550 5.6.0 Message has a line longer than 998 octets',
    reason: 'RFC 5321 §4.5.3.1.6: programs on the way cut or fold longer lines, which breaks signatures.',
    sender: 'Wrap the text, or encode it as quoted-printable or base64; mail libraries do so when asked.',
  },
  headerTooLarge: {
    line: '550 5.6.0 Message header exceeds {limit} bytes',
    reason: 'A header section this large is an attack on the parsers behind us.',
    sender: edit,
  },
  tooManyFolds: {
    line: '550 5.6.0 Message header has more than {limit} folded lines',
    reason: 'Signers and verifiers take quadratic time over folded lines.',
    sender: edit,
  },
  headerMalformed: {
    line: '550 5.6.0 Malformed message header',
    reason: 'A line is neither `Name: value` nor a continuation, so readers disagree about where the header ends.',
    sender: edit,
  },
  mailLoop: {
    line: '554 5.4.6 Too many Received headers, mail is looping',
    reason: 'Fifty Received header lines: the message has been passed on in a circle. RFC 5321 §6.3.',
    sender: 'Find the forwarder that sends the mail back to where it came from; do not send it again.',
  },
  fromMissing: {
    line: '550 5.7.1 Message has no From header',
    reason: 'RFC 5322 §3.6 asks for exactly one.',
    sender: edit,
  },
  fromRepeated: {
    line: '550 5.7.1 Message has more than one From header',
    reason: 'Readers show one of them and verifiers may judge another.',
    sender: edit,
  },
  fromNotOneMailbox: {
    line: '550 5.7.1 From must hold exactly one mailbox: Name <local@domain>',
    reason: 'Several mailboxes, a group, a comment, or an address outside our grammar.',
    sender: edit,
  },
  fromNotAllowed: {
    line: '550 5.7.1 Not authorised to send from the address in the From header',
    reason: 'The platform is not bound to that domain, or not to that local part.',
    sender: 'Name the domain in the SenderPlatform, have its RelayDomain allow the namespace, or use another From.',
  },
  senderHeaderUnusable: {
    line: '550 5.7.1 Sender header must be absent, or hold exactly one mailbox once',
    reason: 'Two Sender headers, or one that is not a single mailbox.',
    sender: edit,
  },
  senderHeaderNotAllowed: {
    line: '550 5.7.1 Not authorised to send with the address in the Sender header',
    reason: 'The platform is not bound to that domain, or not to that local part.',
    sender: 'Leave the Sender header out, or use an address the platform is bound to.',
  },
  nameShowsAddress: {
    line: '550 5.7.1 The name in From or Sender must not show the address of somebody else',
    reason: 'Decoded, a display name reads as an address the platform may not use, or nobody can decode it.',
    sender: 'Put a name there without an address; where answers should go belongs in Reply-To.',
  },
  bodyMemoryFull: {
    line: '452 4.3.1 Insufficient resources, try again later',
    reason: 'The messages arriving at this node together exceed the memory set aside for them.',
    sender: retry,
  },
  queueFull: {
    line: '452 4.3.1 Mail queue is full, try again later',
    reason: 'JetStream refused the mail for lack of storage.',
    sender: retry,
  },
  queueUnavailable: {
    line: '451 4.3.0 Mail queue is not available, try again later',
    reason:
      'JetStream did not confirm the mail in time. It may have been stored all the same: a retry can make a duplicate.',
    sender: retry,
  },
} as const satisfies Replies;

/** By the moment at which they are first said, in the order of a session. */
export const repliesByStage = { connection, login, sender, recipient, message } as const;

export const replies = { ...connection, ...login, ...sender, ...recipient, ...message } as const;
export type ReplyKey = keyof typeof replies;

/** A reply with the numbers or ids its text leaves open. */
export type Answer = { readonly reply: ReplyKey; readonly values?: Readonly<Record<string, string | number>> };

export type RenderedReply = { readonly code: number; readonly status: string; readonly text: string };

/** The parts of a reply, its placeholders filled. A placeholder without a value, or a line that is not a reply, is a bug. */
export function render({ reply, values = {} }: Answer): RenderedReply {
  const [, code, status, text] = /^(\d{3}) ([245]\.\d{1,3}\.\d{1,3}) (.+)$/.exec(replies[reply].line) ?? [];
  if (code === undefined || status === undefined || text === undefined)
    throw new Error(`reply ${reply}: not a reply line`);
  const filled = text.replace(/\{(\w+)\}/g, (_, word: string) => {
    const value = values[word];
    if (value === undefined) throw new Error(`reply ${reply}: no value for {${word}}`);
    return String(value);
  });
  return { code: Number(code), status, text: filled };
}
