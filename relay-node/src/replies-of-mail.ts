// The replies about a mail, by the command at which they are first said: MAIL, RCPT, the end of DATA.
// Which is given when is decided in policy/, what the queue did in accept-message.ts.
import { retry, type Replies } from './reply.ts';

/** MAIL FROM. Said again at the end of DATA when something changed in between. */
export const sender = {
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
  storeNearlyFull: {
    line: '452 4.3.1 Mail queue is nearly full, try again later',
    reason: 'The queue’s storage is filled to 80 %: what is left is for mail that waits. Mail in DATA is still taken.',
    sender: retry,
  },
  storeFilling: {
    line: '452 4.3.1 Mail queue is filling up and takes no bulk mail, try again later',
    reason:
      'The queue’s storage is filled to 70 %, and the SenderPlatform’s lane is bulk: the rest is for transactional mail.',
    sender: retry,
  },
  tooManyDeferred: {
    line: '452 4.3.1 Too many mails are waiting to take bulk mail, try again later',
    reason:
      'More mails wait for another attempt than the fleet’s limits.maxDeferred, and the SenderPlatform’s lane is bulk.',
    sender: retry,
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
export const recipient = {
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
export const message = {
  queued: {
    line: '250 2.0.0 queued as {id}',
    reason: 'The mail is stored durably.',
    sender: 'Forget the mail; the relay owns it now. Keep the id for questions.',
  },
  bareLineFeed: {
    line: '550 5.6.11 Line feed without carriage return in the message',
    reason: 'A bare LF: peers would disagree about where lines, and mails, end.',
    sender: 'End every line with CRLF; a mail library does, where the text is given to it with plain line feeds.',
  },
  bareCarriageReturn: {
    line: '550 5.6.11 Carriage return without line feed in the message',
    reason: 'A bare CR: peers would disagree about where lines end, and it breaks signatures.',
    sender: 'Replace each lone carriage return by CRLF, or take it out; old Mac and progress-bar texts have them.',
  },
  nulByte: {
    line: '550 5.6.1 NUL byte in the message',
    reason: 'NUL is not allowed in mail, and programs cut text at it. RFC 5322 §2.2.',
    sender: 'Send binary content as an attachment in base64; text in UTF-16 is to be UTF-8.',
  },
  lineTooLong: {
    line: '550 5.6.3 Message has a line longer than 998 octets',
    reason: 'RFC 5321 §4.5.3.1.6: programs on the way cut or fold longer lines, which breaks signatures.',
    sender: 'Wrap the text, or encode it as quoted-printable or base64; mail libraries do so when asked.',
  },
  headerTooLarge: {
    line: '550 5.6.0 Message header exceeds {limit} bytes',
    reason: 'A header section this large is an attack on the parsers behind us.',
    sender:
      'Keep all header lines together below 64 KiB: fewer recipients in To and Cc, shorter References, no data in X- fields.',
  },
  tooManyFolds: {
    line: '550 5.6.0 Message header has more than {limit} folded lines',
    reason: 'Signers and verifiers take quadratic time over folded lines.',
    sender:
      'Write long fields with fewer line breaks, each line up to 998 octets; look for a loop that adds header lines.',
  },
  headerMalformed: {
    line: '550 5.6.0 Malformed message header',
    reason: 'A line is neither `Name: value` nor a continuation, so readers disagree about where the header ends.',
    sender:
      'Write each header line as `Name: value`, continuations with a blank first, and one empty line before the body.',
  },
  mailLoop: {
    line: '554 5.4.6 Too many Received headers, mail is looping',
    reason: 'Fifty Received header lines: the message has been passed on in a circle. RFC 5321 §6.3.',
    sender: 'Find the forwarder that sends the mail back to where it came from; do not send it again.',
  },
  fromMissing: {
    line: '550 5.6.0 Message has no From header',
    reason: 'RFC 5322 §3.6 asks for exactly one.',
    sender: 'Add one From header line with the address of the author.',
  },
  fromRepeated: {
    line: '550 5.6.0 Message has more than one From header',
    reason: 'Readers show one of them and verifiers may judge another.',
    sender: 'Leave one From header line; a template and a library often write one each.',
  },
  fromNotOneMailbox: {
    line: '550 5.1.7 From must hold exactly one mailbox: Name <local@domain>',
    reason: 'Several mailboxes, a group, a comment, or an address outside our grammar.',
    sender: 'Name one author in From, as Name <local@domain>; several belong in Reply-To, comments nowhere.',
  },
  fromNotAllowed: {
    line: '550 5.7.1 Not authorised to send from the address in the From header',
    reason: 'The platform is not bound to that domain, or not to that local part.',
    sender: 'Name the domain in the SenderPlatform, have its RelayDomain allow the namespace, or use another From.',
  },
  senderHeaderUnusable: {
    line: '550 5.1.7 Sender header must be absent, or hold exactly one mailbox once',
    reason: 'Two Sender headers, or one that is not a single mailbox.',
    sender: 'Take the Sender header out, or write it once with one address; From alone is enough.',
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
  storedTooLate: {
    line: '451 4.3.0 Mail took too long to be stored, try again later',
    reason:
      'The relay node stood still, or its clock was set, while it stored the body. It is not promised: the body may have been swept.',
    sender: retry,
  },
} as const satisfies Replies;
