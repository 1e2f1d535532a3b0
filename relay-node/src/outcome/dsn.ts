// A notice to the sender of a mail as it is written: delivery status notifications about failure, delay and relaying.
// RFC 3464 (the report), RFC 6522 (multipart/report), RFC 3461 (what comes back), RFC 3834 (automatic), RFC 6533 (beyond ASCII).
// Decides what it says; refuses to know when one is due (notices.ts) and the queue it goes into.
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { Action, Notice } from './notices.ts';

export type DsnRequest = {
  readonly notice: Notice;
  /** Of the mail it is about. */
  readonly envelope: Envelope;
  /** The mail as it was queued, of a large one the beginning; undefined when it cannot be read any more. */
  readonly original: Buffer | undefined;
  /** Name of this relay. */
  readonly reporter: string;
  readonly node: string;
  /** Routing key of the sender's domain. */
  readonly destination: string;
  /** When a mail still waiting is given up. */
  readonly retryUntil: number;
  readonly now: number;
};

/** A mail of our own, ready to be queued; its body is inline. */
export type Dsn = { readonly envelope: Envelope; readonly message: Buffer };

const longestFullReturn = 131_072; // a notice stays an inline entry

/** The notice as a queue entry from the null sender to the mail's sender. */
export function composeDsn(request: DsnRequest): Dsn {
  const { notice, envelope, now, node } = request;
  const message = compose(request);
  return {
    message,
    envelope: {
      v: 1,
      id: notice.id,
      k: 0,
      of: 1,
      kind: 'dsn',
      platform: envelope.platform,
      domain: envelope.domain,
      ...(envelope.domainRef && { domainRef: envelope.domainRef }),
      lane: envelope.lane,
      destination: request.destination,
      sender: '',
      recipients: [{ n: 0, address: envelope.sender }],
      smtputf8: !isAscii(envelope.sender),
      eightBit: message.some((byte) => byte > 0x7f),
      acceptedAt: now,
      acceptedBy: node,
      attempt: 0,
      due: now,
      settled: { delivered: 0, bounced: 0, expired: 0, dropped: 0 },
      body: { kind: 'inline', size: message.length },
    },
  };
}

type Words = {
  readonly subject: string;
  /** For people, lines of at most 78 characters. RFC 5322 §2.1.1 */
  readonly says: (until: string) => readonly string[];
  /** What the returned part is called. */
  readonly returned: string;
};

const words: Readonly<Record<Action, Words>> = {
  failed: {
    subject: 'Undelivered Mail Returned to Sender',
    says: () => [
      'Your message could not be delivered to the recipients below, and is not',
      'tried again. The attached report says the same to programs.',
    ],
    returned: 'Undelivered Message',
  },
  delayed: {
    subject: 'Delayed Mail (still being tried)',
    says: (until) => [
      'Your message could not be delivered to the recipients below yet. There is',
      'no need to send it again: it is tried until',
      `${until}.`,
    ],
    returned: 'Delayed Message',
  },
  relayed: {
    subject: 'Mail Handed On Without Delivery Notices',
    says: () => [
      'The receiving servers of the recipients below took your message. They do',
      'not say whether they deliver it, so this is all you hear if they do.',
    ],
    returned: 'Relayed Message',
  },
};

function compose(request: DsnRequest): Buffer {
  const { notice, envelope, now } = request;
  const boundary = `=_${notice.id}`;
  const original = originalPart(request);
  const date = mailDate(now);
  const header = [
    `From: Mail Delivery System <MAILER-DAEMON@${envelope.domain}>`,
    `To: <${envelope.sender}>`,
    `Subject: ${words[notice.action].subject}`,
    `Date: ${date}`,
    `Message-ID: <${notice.id}@${envelope.domain}>`,
    'Auto-Submitted: auto-replied', // RFC 3834 §5
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"`,
    `Content-Transfer-Encoding: ${original.encoding}`,
  ];
  const parts = [
    part(['Content-Type: text/plain; charset=us-ascii', 'Content-Description: Notification'], explanation(request)),
    part(
      ['Content-Type: message/delivery-status', 'Content-Description: Delivery report'],
      statusReport(request, date),
    ),
  ];
  const open = `${header.join('\r\n')}\r\n\r\n${parts.map((text) => `--${boundary}\r\n${text}\r\n`).join('')}`;
  return Buffer.concat([
    Buffer.from(`${open}--${boundary}\r\n${original.header}\r\n\r\n`),
    original.content,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

function part(header: readonly string[], text: string): string {
  return `${header.join('\r\n')}\r\n\r\n${text}`;
}

/** For people. */
function explanation({ notice, reporter, retryUntil }: DsnRequest): string {
  const told = notice.about.map(({ recipient, verdict, hop }) => {
    const said =
      verdict.reply === undefined ? '' : `\r\n    ${hop ?? 'The receiving server'} said: ${oneLine(verdict.reply)}`;
    return `<${asciiAddress(recipient.address)}>\r\n    ${oneLine(verdict.why)}${said}\r\n`;
  });
  return [
    `This is the mail system at ${reporter}.`,
    '',
    ...words[notice.action].says(mailDate(retryUntil)),
    '',
    ...told,
  ].join('\r\n');
}

/** For programs: fields about the message, then a group for each recipient. RFC 3464 §2.2, §2.3 */
function statusReport({ notice, envelope, reporter, retryUntil }: DsnRequest, date: string): string {
  const perMessage = [
    `Reporting-MTA: dns; ${reporter}`,
    ...(envelope.envid === undefined ? [] : [`Original-Envelope-Id: ${oneLine(decodeXtext(envelope.envid))}`]),
    `Arrival-Date: ${mailDate(envelope.acceptedAt)}`,
  ];
  const perRecipient = notice.about.map(({ recipient, verdict, hop }) => [
    ...(recipient.orcpt === undefined ? [] : [`Original-Recipient: ${originalRecipient(recipient.orcpt)}`]),
    `Final-Recipient: ${isAscii(recipient.address) ? 'rfc822' : 'utf-8'}; ${asciiAddress(recipient.address)}`,
    `Action: ${notice.action}`,
    `Status: ${verdict.status}`,
    ...(hop === null ? [] : [`Remote-MTA: dns; ${hop}`]),
    ...(verdict.reply === undefined ? [] : [`Diagnostic-Code: smtp; ${oneLine(verdict.reply)}`]),
    `Last-Attempt-Date: ${date}`,
    ...(notice.action === 'delayed' ? [`Will-Retry-Until: ${mailDate(retryUntil)}`] : []), // RFC 3464 §2.3.8
  ]);
  return [perMessage, ...perRecipient].map((fields) => `${fields.join('\r\n')}\r\n`).join('\r\n');
}

type OriginalPart = { readonly header: string; readonly encoding: '7bit' | '8bit'; readonly content: Buffer };

/** RFC 3461 §4.3: of a failure the whole message where RET=FULL asks for it and it is not large, else its header. */
function originalPart({ notice, envelope, original = Buffer.alloc(0) }: DsnRequest): OriginalPart {
  const full = notice.action === 'failed' && envelope.ret === 'FULL' && envelope.body.size <= longestFullReturn;
  const headerEnd = original.indexOf('\r\n\r\n');
  const headers = headerEnd < 0 ? original : original.subarray(0, headerEnd + 2);
  const content = full ? original : headers;
  const encoding = content.some((byte) => byte > 0x7f) ? '8bit' : '7bit';
  const beyondAscii = headers.some((byte) => byte > 0x7f);
  const plain = full ? 'message/rfc822' : 'text/rfc822-headers';
  const type = beyondAscii ? (full ? 'message/global' : 'message/global-headers') : plain; // RFC 6533 §3
  return {
    header: `Content-Type: ${type}\r\nContent-Description: ${words[notice.action].returned}\r\nContent-Transfer-Encoding: ${encoding}`,
    encoding,
    content,
  };
}

/** RFC 3464 §2.3.1: `type; address`, no longer encoded. What turns out to be beyond ASCII is of the type utf-8 (RFC 6533 §3). */
function originalRecipient(orcpt: string): string {
  const [type = 'rfc822', ...rest] = orcpt.split(';');
  const address = decodeXtext(rest.join(';'));
  return `${isAscii(address) ? oneLine(type) : 'utf-8'}; ${oneLine(asciiAddress(address))}`;
}

/** Encoded octets are UTF-8: ingress/xtext.ts. */
function decodeXtext(text: string): string {
  return text.replace(/(?:\+[0-9A-F]{2})+/g, (octets) => Buffer.from(octets.replaceAll('+', ''), 'hex').toString());
}

/** RFC 6533 §3: characters beyond ASCII as `\x{20AC}`, so that the report itself needs nothing special. */
function asciiAddress(address: string): string {
  return address.replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`,
  );
}

/** A peer's words within one line of ASCII that no reader can mistake for more: RFC 5322 §2.1.1. */
function oneLine(text: string): string {
  return text
    .slice(0, 1500)
    .replaceAll(/[\r\n\t ]+/g, ' ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 900);
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** RFC 5322 §3.3 */
function mailDate(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}
