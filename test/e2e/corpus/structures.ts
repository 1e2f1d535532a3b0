// Shapes of the body's tree: parts within parts, boundaries that are easily taken for others, messages within messages.
import { usual } from '../../harness/manifests.ts';
import {
  base64,
  compose,
  multipart,
  multipartPart,
  noise,
  parted,
  shape,
  text,
  type Header,
  type Shape,
} from './compose.ts';
import { winmailDat } from './winmail-dat.ts';

const plain = 'Content-Type: text/plain\r\n\r\nHello\r\n';
const html = 'Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n';
const longBoundary = "0123456789'()+_,-./:=?abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"; // RFC 2046 §5.1.1: 70 of these

export const structures: readonly Shape[] = [
  shape('Outlook rich text: winmail.dat', outlook()),
  shape('a meeting: text/calendar REQUEST', meeting('REQUEST')),
  shape('a meeting called off: text/calendar CANCEL as an attachment, too', meetingCancelled()),
  shape('forwarded as attachment, twice: message/rfc822', forwarded()),
  shape('message/rfc822 in message/rfc822 in message/rfc822, no multipart between', russianDolls(3)),
  shape('text before, between and after the parts', preambleAndEpilogue()),
  shape('mixed in related in alternative in mixed', nested()),
  shape('multiparts thirty deep', deep(30)),
  shape('a boundary of 70 characters', multipart('mixed', {}, [plain, html], longBoundary)),
  shape('a boundary with blanks and colons', multipart('mixed', {}, [plain, html], 'a b: c ? d')),
  shape('a boundary without quotes', unquotedBoundary()),
  shape('boundaries that begin with one another', similarBoundaries()),
  shape('delimiter lines that end in blanks', paddedDelimiters()),
  shape('a multipart that is never closed', compose(mixed('open'), `--open\r\n${plain}\r\n--open\r\n${html}`)),
  shape('a multipart closed twice', compose(mixed('twice'), `${parted('twice', [plain])}${parted('twice', [html])}`)),
  shape('a multipart without parts', compose(mixed('none'), 'no part follows\r\n')),
  shape('empty parts', multipart('mixed', {}, ['\r\n', 'Content-Type: text/plain\r\n\r\n', '\r\n\r\n\r\n'])),
  shape('parts without a header', multipart('mixed', {}, ['\r\nfirst\r\n', '\r\nsecond\r\n'])),
  shape('a digest', multipart('digest', {}, ['\r\nSubject: one\r\n\r\n1\r\n', '\r\nSubject: two\r\n\r\n2\r\n'])),
  shape('two hundred parts', multipart('mixed', {}, Array<string>(200).fill(plain))),
  shape('AMP between text and HTML', amp()),
  shape('form-data', formData()),
  shape('a message in pieces: message/partial', compose(partial(), 'Subject: whole\r\n\r\nfirst half\r\n')),
  shape('a body that is elsewhere: message/external-body', multipart('mixed', {}, [externalBody(), plain])),
];

function mixed(boundary: string): Header {
  return { 'Content-Type': `multipart/mixed; boundary=${boundary}` };
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
function meeting(method: 'REQUEST' | 'CANCEL'): Buffer {
  return multipart('alternative', {}, [
    'Content-Type: text/plain\r\n\r\nWe deliver on Tuesday at 9.\r\n',
    `${calendarHeader(method)}Content-Transfer-Encoding: 7bit\r\n\r\n${event(method)}`,
  ]);
}

function meetingCancelled(): Buffer {
  const file = 'Content-Type: application/ics; name="invite.ics"\r\nContent-Disposition: attachment\r\n';
  return multipart('mixed', { Subject: 'Cancelled: Delivery' }, [
    multipartPart('alternative', 'inner', [plain, `${calendarHeader('CANCEL')}\r\n${event('CANCEL')}`]),
    `${file}Content-Transfer-Encoding: base64\r\n\r\n${base64(Buffer.from(event('CANCEL')))}`,
  ]);
}

function calendarHeader(method: string): string {
  return `Content-Type: text/calendar; charset=utf-8; method=${method}; component=VEVENT\r\n`;
}

function event(method: string): string {
  const lines = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//shop.test//orders//EN
METHOD:${method}
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
  return lines.replaceAll('\n', '\r\n');
}

function forwarded(): Buffer {
  const inner = text('From here on nothing is ours.\r\n>From the start.\r\n').toString();
  const once = multipart('mixed', { Subject: 'Fwd: Your order' }, [
    `Content-Type: message/rfc822\r\n\r\n${inner}`,
  ]).toString();
  return multipart('digest', { Subject: 'Fwd: Fwd: Your order' }, [`\r\n${once}`, `\r\n${inner}`], 'outer');
}

function russianDolls(depth: number): Buffer {
  if (depth === 0) return text('the innermost\r\n');
  return compose({ Subject: `doll ${depth}`, 'Content-Type': 'message/rfc822' }, russianDolls(depth - 1));
}

function preambleAndEpilogue(): Buffer {
  const fields = { 'Content-Type': 'multipart/mixed; boundary="a b"' };
  const parts = '--a b\r\n\r\nfirst\r\n--a b  \r\nContent-Type: text/html\r\n\r\n<p>--a bc</p>\r\n--a b--\t\r\n';
  return compose(fields, `For readers without MIME.\r\n--a\r\n${parts}After the end.\r\n--a b\r\n`);
}

function nested(): Buffer {
  const image = `Content-Type: image/png\r\nContent-ID: <logo@shop.test>\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(noise(500))}`;
  const related = multipartPart('related', 'r', [html, image], '; type="text/html"; start="<root@shop.test>"');
  const inner = multipartPart('mixed', 'm', [related, plain]);
  return multipart('mixed', {}, [multipartPart('alternative', 'a', [plain, inner]), plain]);
}

function deep(levels: number): Buffer {
  let part = plain;
  for (let level = levels; level > 1; level--) part = multipartPart('mixed', `level-${level}`, [part]);
  return multipart('mixed', {}, [part], 'level-1');
}

function unquotedBoundary(): Buffer {
  return compose(
    { 'Content-Type': "multipart/mixed;\r\n\tboundary=simple'boundary+_-.1" },
    parted("simple'boundary+_-.1", [plain]),
  );
}

function similarBoundaries(): Buffer {
  return multipart('mixed', {}, [multipartPart('mixed', 'frontier1', [plain, '\r\n--frontierx\r\n']), html]);
}

/** RFC 2046 §5.1.1: transport padding. */
function paddedDelimiters(): Buffer {
  return compose(mixed('pad'), `--pad \t \r\n${plain}\r\n--pad\t\r\n${html}\r\n--pad-- \t\r\n`);
}

function amp(): Buffer {
  const page = '<!doctype html><html \u26a14email><head><meta charset="utf-8"></head></html>';
  const part = `Content-Type: text/x-amp-html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(Buffer.from(page))}`;
  return multipart('alternative', {}, [plain, part, html]);
}

function formData(): Buffer {
  const field = (name: string, value: string) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
  return multipart('form-data', {}, [field('order', '17'), field('empty', '')], '----WebKitFormBoundary7MA4YWxk');
}

function partial(): Header {
  return { 'Content-Type': 'message/partial; id="1@shop.test"; number=1; total=2' };
}

function externalBody(): string {
  const access = 'access-type=URL; URL="https://shop.test/terms.pdf"; expiration="Tue, 03 Nov 2026 09:00:00 +0000"';
  return `Content-Type: message/external-body; ${access}\r\n\r\nContent-Type: application/pdf\r\nContent-ID: <1@shop.test>\r\n\r\n`;
}
