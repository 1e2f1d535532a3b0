// Shapes of the header: folding, repetition, encoded words and parameters, UTF-8, fields that relays and lists leave behind.
import { usual } from '../../harness/manifests.ts';
import { behind, compose, internationalShape, multipart, shape, text, type Shape } from './compose.ts';

export const headers: readonly Shape[] = [
  shape('encoded words and a split file name', encodedWords()),
  shape('parameters in every form of RFC 2231', parameters()),
  shape('encoded words that are none', compose({ Subject: '=?utf-8?X?bad?= =?utf-8?Q?un finished =??= =?' }, 'x\r\n')),
  internationalShape('a header in UTF-8', international()),
  internationalShape('a recipient and header fields in UTF-8', international(), ['j\u00f6rg@receiver.test']),
  shape('header written oddly: case, blanks, folds, repetitions', oddHeader()),
  shape('a signature and Received lines of an earlier hop', relayedBefore()),
  shape('folded to the limit: 900 lines', folded(900)),
  shape(
    'folded after every word, with tabs and many blanks',
    compose({ Subject: ' one\r\n\ttwo\r\n   three\r\n \t four' }, 'x\r\n'),
  ),
  shape('References of sixty mails', compose({ References: references(60), 'In-Reply-To': '<59@shop.test>' }, 'x\r\n')),
  shape('an empty Subject', compose({ Subject: '' }, 'x\r\n')),
  shape('a Subject of blanks', compose({ Subject: ' \t ' }, 'x\r\n')),
  shape('no Subject and no To', withoutFields('Subject', 'To')),
  shape('two hundred addresses in To', compose({ To: recipients(200) }, 'x\r\n')),
  shape('groups, comments and quoted names in To and Cc', groups()),
  shape('resent twice', behind([...resent(2), ...resent(1)], text('Passed on by hand.\r\n'))),
  shape('a mailing list', list()),
  shape('one-click unsubscribe', compose(oneClick(), 'x\r\n')),
  shape('an ARC set and results of an earlier hop', behind(arcSet(), text('Passed on.\r\n'))),
  shape('foreign DKIM signatures', behind([foreign('list.test'), foreign('elsewhere.test')], text('x\r\n'))),
  shape('Comments and Keywords again and again', behind(repeated(), text('x\r\n'))),
  shape('fields that end in blanks, or hold nothing but one', trailingBlanks()),
  shape(
    'fields that nobody knows, with every character a name may hold',
    behind([everyNameCharacter()], text('x\r\n')),
  ),
  shape(
    'a header of 60 KB',
    behind(
      Array.from({ length: 120 }, (_, i) => `X-Large-${i}: ${'v'.repeat(480)}`),
      text('x\r\n'),
    ),
  ),
  shape(
    'Date with a comment, an old zone and two digits of a year',
    compose({ Date: '(a) Mon, 2 Nov 26 10:00:00 EST (b)' }, 'x\r\n'),
  ),
  shape(
    'MIME-Version with comments',
    compose({ 'MIME-Version': '(by) 1(.).0 (hand)', 'Content-Type': '(x) text (y) / plain' }, 'x\r\n'),
  ),
  shape(
    'a quoted display name full of traps',
    compose({ From: `"Shop, \\"the\\" <one> \\\\ (x)" <${usual.from}>` }, 'x\r\n'),
  ),
  shape('no MIME at all', withoutFields('MIME-Version')),
];

/** RFC 2047 and RFC 2231. */
function encodedWords(): Buffer {
  const name = "Content-Type: text/plain;\r\n name*0*=utf-8''Gr%C3%BC;\r\n name*1*=%C3%9Fe.txt\r\n";
  const subject = '=?utf-8?B?QmVzdGVsbHVuZyDigqw=?=\r\n =?utf-8?Q?_unterwegs_=E2=9C=93?= =?iso-8859-1?q?=FC?=';
  const fields = { From: `=?utf-8?Q?Z=C3=BCrich_Shop?= <${usual.from}>`, Subject: subject };
  return multipart('mixed', fields, [`${name}Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC=20=\r\nx\r\n`]);
}

function parameters(): Buffer {
  const forms = [
    "filename*=utf-8'de'%e2%82%ac.txt",
    'filename="a\\"b;c.txt"',
    "filename*0=a; filename*1*=utf-8''%20b; filename*2=c.txt",
  ];
  const parts = forms.map((form) => `Content-Disposition: attachment;\r\n ${form}\r\n\r\nx\r\n`);
  return multipart('mixed', {}, parts);
}

function international(): Buffer {
  const fields = {
    From: `Zürich Shop <${usual.from}>`,
    To: 'Jörg <jörg@receiver.test>',
    Subject: 'Grüße, 你好, \u{1f4e6}\r\n und noch eine Zeile: é',
    'Content-Type': 'text/plain; charset=utf-8; name="größe.txt"',
  };
  return compose(fields, 'Grüße\r\n');
}

function relayedBefore(): Buffer {
  const received = 'from a.list.test (a.list.test [192.0.2.1])\r\n\tby b.list.test; Mon, 02 Nov 2026 09:59:59 +0000';
  return behind([foreign('list.test'), `Received: ${received}`, `Received: ${received}`], text('Passed on.\r\n'));
}

function foreign(domain: string): string {
  return `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=x;\r\n\th=from:to; bh=AAAA; b=AAAA`;
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

/** RFC 5322 §2.2.3 sets no limit; the relay's own is 1,000. */
function folded(lines: number): Buffer {
  return compose({ 'X-Folded': Array.from({ length: lines }, (_, i) => `word-${i}`).join('\r\n ') }, 'x\r\n');
}

function references(count: number): string {
  return Array.from({ length: count }, (_, i) => `<${i}@shop.test>`).join('\r\n ');
}

function withoutFields(...names: readonly string[]): Buffer {
  const lines = text('x\r\n').toString().split('\r\n');
  return Buffer.from(lines.filter((line) => !names.some((name) => line.startsWith(`${name}:`))).join('\r\n'));
}

function recipients(count: number): string {
  return Array.from({ length: count }, (_, i) => `"Number ${i}" <n${i}@receiver.test>`).join(',\r\n ');
}

function groups(): Buffer {
  const to =
    'Staff:a@receiver.test, "B, C" <b@receiver.test> (not (really)), c@receiver.test;,\r\n undisclosed-recipients:;';
  return compose({ To: to, Cc: '"\\"" <"odd local"@receiver.test>, (only a comment) d@[192.0.2.1]' }, 'x\r\n');
}

function resent(n: number): readonly string[] {
  return [
    `Resent-Date: Mon, 02 Nov 2026 10:0${n}:00 +0000`,
    `Resent-From: <someone${n}@elsewhere.test>`,
    `Resent-Sender: <clerk${n}@elsewhere.test>`,
    `Resent-To: <${usual.to}>`,
    `Resent-Message-ID: <resent${n}@elsewhere.test>`,
  ];
}

function list(): Buffer {
  const fields = {
    'List-Id': 'News of the shop <news.shop.test>',
    'List-Post': 'NO (posting not allowed)',
    'List-Help': '<mailto:help@shop.test?subject=help>, (a comment) <https://shop.test/help>',
    'List-Archive': '<https://shop.test/a%20b>',
    'List-Unsubscribe': '<mailto:leave@shop.test>',
    Precedence: 'list',
    'Errors-To': '<errors@shop.test>',
    'X-BeenThere': 'news@shop.test',
  };
  return compose(fields, 'x\r\n____\r\nfooter\r\n');
}

/** RFC 8058 §3.1. */
function oneClick(): Readonly<Record<string, string>> {
  const token = 'a'.repeat(300);
  return {
    'List-Unsubscribe': `<https://shop.test/u?t=${token}>,\r\n <mailto:leave@shop.test?subject=${token}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    'Feedback-ID': '17:orders:shop',
  };
}

function arcSet(): readonly string[] {
  return [
    'ARC-Seal: i=1; a=rsa-sha256; t=1793613600; cv=none; d=list.test; s=x; b=AAAA',
    'ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=list.test; s=x;\r\n\th=from:to; bh=AAAA; b=AAAA',
    'ARC-Authentication-Results: i=1; list.test; spf=pass smtp.mailfrom=a@list.test',
    'Authentication-Results: list.test; dkim=pass header.d=list.test',
    'Received-SPF: pass (list.test: 192.0.2.1 is allowed) client-ip=192.0.2.1;',
    'Return-Path: <bounces@list.test>',
    'Delivered-To: someone@list.test',
  ];
}

function repeated(): readonly string[] {
  return Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? `Comments: number ${i}` : `Keywords: ${i},\r\n  more`));
}

function trailingBlanks(): Buffer {
  return behind(['X-A: value   ', 'X-B: \t', 'X-C:\t', 'X-D: a\t \r\n \tb \t'], text('x\r\n'));
}

/** RFC 5322 §2.2: printable ASCII but the colon. */
function everyNameCharacter(): string {
  const all = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter(
    (character) => character !== ':',
  );
  return `X${all.join('')}: value`;
}
