// Messages as mail programs really send them, in shapes that tend to break relays and signers: each a name and whole bytes.
// From and To are the tests' usual ones. The same bytes every time; nothing here talks to anybody.
import { readFileSync } from 'node:fs';
import { usual } from '../../harness/manifests.ts';
import { winmailDat } from './winmail-dat.ts';

export type Shape = {
  readonly name: string;
  readonly message: Buffer;
  /** Said with MAIL FROM, as the sending program would. */
  readonly mailParameters: string;
};

export const shapes: readonly Shape[] = [
  shape('8-bit text, declared', eightBit()),
  shape('lines of 998 octets, in header and body', longLines()),
  shape('Outlook rich text: winmail.dat', outlook()),
  shape('a meeting: text/calendar REQUEST', meeting()),
  shape('S/MIME signed by openssl', readFileSync(new URL('smime-signed.eml', import.meta.url))),
  shape('forwarded as attachment, twice: message/rfc822', forwarded()),
  shape('encoded words and a split file name', encodedWords()),
  shape('lines that begin with dots', text('.\r\n..\r\n...\r\n.a line\r\n. \r\nbetween\r\n.\r\n')),
  shape('no body, only the empty line', text('')),
  shape('blanks at line ends, empty lines at the end', text('a  \r\nb\t\r\n \t \r\nend\r\n\r\n\r\n \r\n\r\n')),
  shape('twenty attachments, 1.6 MB', attachments(20, 80_000)),
  shape('just over what is kept with the envelope', text(`${'0123456789 abcdefghij\r\n'.repeat(11_920)}`)),
  shape('a signature and Received lines of an earlier hop', relayedBefore()),
  shape('header written oddly: case, blanks, folds, repetitions', oddHeader()),
  shape('text before, between and after the parts', preambleAndEpilogue()),
];

function shape(name: string, message: Buffer): Shape {
  const eightBitClean = message.every((byte) => byte < 0x80);
  return { name, message, mailParameters: eightBitClean ? '' : ' BODY=8BITMIME' }; // RFC 6152 §2
}

type Header = Readonly<Record<string, string>>;

/** CRLF throughout; `body` as it is. */
function compose(fields: Header, body: string | Buffer): Buffer {
  const header = {
    From: `Shop <${usual.from}>`,
    To: `<${usual.to}>`,
    Subject: 'Your order',
    Date: 'Mon, 02 Nov 2026 10:00:00 +0000',
    'Message-ID': '<shape@shop.test>',
    'MIME-Version': '1.0',
    ...fields,
  };
  const lines = Object.entries(header).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${lines.join('')}\r\n`), Buffer.from(body)]);
}

function text(body: string | Buffer): Buffer {
  return compose({ 'Content-Type': 'text/plain; charset=us-ascii' }, body);
}

function eightBit(): Buffer {
  const fields = { 'Content-Type': 'text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding': '8bit' };
  const everyHighByte = Buffer.from(Array.from({ length: 0x80 }, (_, i) => 0x80 + i)); // not UTF-8, on purpose
  return compose(fields, Buffer.concat([everyHighByte, Buffer.from('\r\nGr\xfc\xdfe, \xa3 5\r\n', 'latin1')]));
}

/** RFC 5322 §2.1.1: 998 octets and CRLF at most. */
function longLines(): Buffer {
  const references = `<${'r'.repeat(998 - 'References: <@shop.test>'.length)}@shop.test>`;
  const lines = Array.from({ length: 40 }, (_, i) => String(i % 10).repeat(998));
  return compose({ References: references, 'Content-Type': 'text/plain' }, `${lines.join('\r\n')}\r\n`);
}

function outlook(): Buffer {
  const part = 'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n';
  const disposition = 'Content-Disposition: attachment; filename="winmail.dat"\r\n';
  const fields = { 'X-MS-Has-Attach': 'yes', 'X-MS-TNEF-Correlator': '<shape@shop.test>' };
  return multipart('mixed', fields, [
    'Content-Type: text/plain; charset="us-ascii"\r\n\r\nSee the attachment.\r\n',
    `${part}${disposition}\r\n${base64(winmailDat('order.txt', Buffer.from('one, two, three\r\n')))}`,
  ]);
}

/** RFC 6047: an invitation, once for readers and once for calendars. */
function meeting(): Buffer {
  const event = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//shop.test//orders//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:1@shop.test
SEQUENCE:0
DTSTAMP:20261102T100000Z
DTSTART:20261103T090000Z
DTEND:20261103T093000Z
ORGANIZER:mailto:${usual.from}
SUMMARY:Delivery
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${usual.to.slice(0, 4)}
 ${usual.to.slice(4)}
END:VEVENT
END:VCALENDAR
`; // folded within a word, as RFC 5545 §3.1 allows
  const calendar = 'Content-Type: text/calendar; charset=utf-8; method=REQUEST; component=VEVENT\r\n';
  return multipart('alternative', {}, [
    'Content-Type: text/plain\r\n\r\nWe deliver on Tuesday at 9.\r\n',
    `${calendar}Content-Transfer-Encoding: 7bit\r\n\r\n${event.replaceAll('\n', '\r\n')}`,
  ]);
}

function forwarded(): Buffer {
  const inner = text('From here on nothing is ours.\r\n>From the start.\r\n').toString();
  const once = multipart('mixed', { Subject: 'Fwd: Your order' }, [
    `Content-Type: message/rfc822\r\n\r\n${inner}`,
  ]).toString();
  return multipart('digest', { Subject: 'Fwd: Fwd: Your order' }, [`\r\n${once}`, `\r\n${inner}`], 'outer');
}

/** RFC 2047 and RFC 2231. */
function encodedWords(): Buffer {
  const name = "Content-Type: text/plain;\r\n name*0*=utf-8''Gr%C3%BC;\r\n name*1*=%C3%9Fe.txt\r\n";
  const subject = '=?utf-8?B?QmVzdGVsbHVuZyDigqw=?=\r\n =?utf-8?Q?_unterwegs_=E2=9C=93?= =?iso-8859-1?q?=FC?=';
  const fields = { From: `=?utf-8?Q?Z=C3=BCrich_Shop?= <${usual.from}>`, Subject: subject };
  return multipart('mixed', fields, [`${name}Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC=20=\r\nx\r\n`]);
}

function attachments(count: number, size: number): Buffer {
  return multipart(
    'mixed',
    {},
    Array.from({ length: count }, (_, i) => {
      const bytes = Buffer.alloc((size / 4) * 3, `attachment ${i} \u0000\u00ff`);
      return `Content-Type: application/pdf; name="${i}.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(bytes)}`;
    }),
  );
}

function relayedBefore(): Buffer {
  const signature = 'v=1; a=rsa-sha256; c=relaxed/relaxed; d=list.test; s=x;\r\n\th=from:to; bh=AAAA; b=AAAA';
  const received = 'from a.list.test (a.list.test [192.0.2.1])\r\n\tby b.list.test; Mon, 02 Nov 2026 09:59:59 +0000';
  const lines = [`DKIM-Signature: ${signature}`, `Received: ${received}`, `Received: ${received}`, ''];
  return Buffer.concat([Buffer.from(lines.join('\r\n')), text('Passed on.\r\n')]);
}

function oddHeader(): Buffer {
  const lines = [
    `fROM:Shop<${usual.from}>`,
    'TO:',
    ` <${usual.to}>`,
    'subject:   three   blanks   \t',
    'X-Empty:',
    'X-Blank: ',
    'Keywords: one',
    'Keywords: two',
    'DATE: 2 Nov 26 10:00 GMT',
    'Message-Id:<shape@shop.test>',
    'cc:',
    '\t<a@b.test>,',
    '  \t<c@d.test>',
    'X-Tab:\ttab',
    'X-Percent: 100% {braces} $dollar \\ `tick`',
    '',
    'body',
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

function preambleAndEpilogue(): Buffer {
  const fields = { 'Content-Type': 'multipart/mixed; boundary="a b"' };
  const parts = '--a b\r\n\r\nfirst\r\n--a b  \r\nContent-Type: text/html\r\n\r\n<p>--a bc</p>\r\n--a b--\t\r\n';
  return compose(fields, `For readers without MIME.\r\n--a\r\n${parts}After the end.\r\n--a b\r\n`);
}

/** Each part is its header, an empty line and its body. */
function multipart(kind: string, fields: Header, parts: readonly string[], boundary = 'frontier'): Buffer {
  const body = [...parts.map((part) => `--${boundary}\r\n${part}\r\n`), `--${boundary}--\r\n`].join('');
  return compose({ ...fields, 'Content-Type': `multipart/${kind}; boundary="${boundary}"` }, body);
}

function base64(bytes: Buffer): string {
  return `${
    bytes
      .toString('base64')
      .match(/.{1,76}/g)
      ?.join('\r\n') ?? ''
  }\r\n`;
}
