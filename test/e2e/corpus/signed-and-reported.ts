// Shapes whose bytes somebody vouches for or a program reads: signatures and encryption around the text, reports, receipts, bounces.
import { readFileSync } from 'node:fs';
import { usual } from '../../harness/manifests.ts';
import { base64, compose, multipart, multipartPart, noise, parted, shape, text, type Shape } from './compose.ts';

const crlf = (lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join('');

export const signedAndReported: readonly Shape[] = [
  shape('S/MIME signed by openssl', readFileSync(new URL('smime-signed.eml', import.meta.url))),
  shape('S/MIME enveloped', compose(enveloped(), base64(noise(4_000, 9)))),
  shape('PGP/MIME signed, blanks at line ends and all', pgpSigned()),
  shape('PGP/MIME encrypted', pgpEncrypted()),
  shape('PGP inline, dashes escaped', text(clearSigned())),
  shape('a bounce: multipart/report with delivery-status', bounce()),
  shape('a bounce beyond ASCII: global-delivery-status', globalBounce()),
  shape('a receipt: disposition-notification', receipt()),
  shape('a complaint: feedback-report', complaint()),
  shape('a DMARC report: application/gzip', dmarcReport()),
];

function enveloped(): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
    'Content-Transfer-Encoding': 'base64',
    'Content-Disposition': 'attachment; filename="smime.p7m"',
  };
}

function armour(kind: string): string {
  return `-----BEGIN PGP ${kind}-----\r\nVersion: 1\r\n\r\n${base64(noise(300, 5))}=AbCd\r\n-----END PGP ${kind}-----\r\n`;
}

/** RFC 3156 §5. */
function pgpSigned(): Buffer {
  const inner = multipartPart('mixed', 'inner', ['Content-Type: text/plain\r\n\r\nblanks  \r\n-- \r\nme \t\r\n\r\n']);
  const signature = `Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\n${armour('SIGNATURE')}`;
  const type = 'multipart/signed; micalg=pgp-sha512;\r\n protocol="application/pgp-signature"; boundary="s"';
  return compose(
    { 'Content-Type': type },
    `This is an OpenPGP/MIME signed message (RFC 4880 and 3156)\r\n${parted('s', [inner, signature])}`,
  );
}

function pgpEncrypted(): Buffer {
  const type = 'multipart/encrypted; protocol="application/pgp-encrypted"; boundary="e"';
  const version = 'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n';
  return compose(
    { 'Content-Type': type },
    parted('e', [version, `Content-Type: application/octet-stream\r\n\r\n${armour('MESSAGE')}`]),
  );
}

function clearSigned(): string {
  return `-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n- -- \r\n- From the shop\r\n- .\r\n.\r\n${armour('SIGNATURE')}`;
}

function report(type: string, parts: readonly string[]): Buffer {
  const said = 'Content-Type: text/plain\r\n\r\nWhat happened is below.\r\n';
  return multipart(`report; report-type=${type}`, { 'Auto-Submitted': 'auto-replied' }, [said, ...parts]);
}

function bounce(): Buffer {
  const perMessage = ['Reporting-MTA: dns; mx.elsewhere.test', 'Original-Envelope-Id: order+2B7', ''];
  const perRecipient = [
    'Original-Recipient: rfc822;some+2Bone@elsewhere.test',
    'Final-Recipient: rfc822; someone@elsewhere.test',
    'Action: failed',
    'Status: 5.1.1',
    'Diagnostic-Code: smtp; 550 5.1.1 <someone@elsewhere.test>:',
    '    no such user',
    '',
  ];
  return report('delivery-status', [
    `Content-Type: message/delivery-status\r\n\r\n${crlf([...perMessage, ...perRecipient, ...perRecipient])}`,
    `Content-Type: text/rfc822-headers\r\n\r\n${crlf([`From: <${usual.from}>`, 'Subject: Your order'])}`,
  ]);
}

/** RFC 6533 §3. */
function globalBounce(): Buffer {
  const fields = [
    'Reporting-MTA: dns; mx.elsewhere.test',
    '',
    'Final-Recipient: utf-8; j\u00f6rg@elsewhere.test',
    'Action: failed',
    'Status: 5.1.1',
    '',
  ];
  return report('global-delivery-status', [
    `Content-Type: message/global-delivery-status\r\n\r\n${crlf(fields)}`,
    'Content-Type: message/global-headers\r\n\r\nSubject: Gr\u00fc\u00dfe\r\n',
  ]);
}

/** RFC 8098. */
function receipt(): Buffer {
  const fields = [
    'Reporting-UA: reader.test; Reader 1.0',
    'Final-Recipient: rfc822; someone@elsewhere.test',
    'Disposition: manual-action/MDN-sent-manually; displayed',
  ];
  return report('disposition-notification', [`Content-Type: message/disposition-notification\r\n\r\n${crlf(fields)}`]);
}

/** RFC 5965. */
function complaint(): Buffer {
  const fields = [
    'Feedback-Type: abuse',
    'User-Agent: Reader/1.0',
    'Version: 1',
    'Source-IP: 192.0.2.1',
    'Removal-Recipient: someone@elsewhere.test',
  ];
  return report('feedback-report', [
    `Content-Type: message/feedback-report\r\n\r\n${crlf(fields)}`,
    `Content-Type: message/rfc822\r\n\r\n${text('the mail\r\n').toString()}`,
  ]);
}

function dmarcReport(): Buffer {
  const name = 'elsewhere.test!shop.test!1793577600!1793663999.xml.gz';
  const part = `Content-Type: application/gzip; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\n`;
  const fields = { Subject: 'Report Domain: shop.test Submitter: elsewhere.test Report-ID: <1@elsewhere.test>' };
  return multipart('mixed', fields, [`${part}Content-Transfer-Encoding: base64\r\n\r\n${base64(noise(900, 11))}`]);
}
