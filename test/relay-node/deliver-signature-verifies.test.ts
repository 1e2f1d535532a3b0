// Our signatures in the eyes of two foreign verifiers, mailauth and dkimpy, over message shapes that tend to break signers.
// And the point of oversigning: one more Subject, From, Reply-To, To or Content-Type makes both of them refuse.
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { createKeyring } from '../../relay-node/src/signing/keys.ts';
import { sign } from '../../relay-node/src/signing/sign.ts';
import { findDkimpy, verifyWithDkimpy } from '../harness/dkimpy.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const keys = createKeyring(() => assert.fail('a key is refused'))({
  ref: { namespace: 'team', name: 'example-com' },
  domain: 'example.com',
  suspended: null,
  signers: [
    { selector: 'r', algorithm: 'rsa-sha256', privateKey: pem(rsa.privateKey) },
    { selector: 'e', algorithm: 'ed25519-sha256', privateKey: pem(ed25519.privateKey) },
  ],
  tls: { mode: 'Require', floor: '1.2' },
  routes: [{ name: 'mx', recipientDomains: [], via: { kind: 'mx' } }],
});
const spki = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const raw = ed25519.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64'); // RFC 8463 §4
const records: Record<string, string> = {
  'r._domainkey.example.com': `v=DKIM1; k=rsa; p=${spki}`,
  'e._domainkey.example.com': `v=DKIM1; k=ed25519; p=${raw}`,
};

const usual = [
  'Received: from app (app [192.0.2.1]) by node with ESMTPSA; Mon, 02 Nov 2026 10:00:00 +0000',
  'From: Shop <shop@example.com>',
  'To: you@example.net',
  'Subject: Your order',
  'Date: Mon, 02 Nov 2026 10:00:00 +0000',
  'Message-ID: <1@example.com>',
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=utf-8',
];
const withBody = (body: string | Buffer) =>
  Buffer.concat([Buffer.from(`${usual.join('\r\n')}\r\n\r\n`), Buffer.from(body)]);
const withHeaders = (...lines: string[]) => Buffer.from(`${[...usual, ...lines].join('\r\n')}\r\n\r\nbody\r\n`);

const shapes: Record<string, Buffer> = {
  'an ordinary text': withBody('Hello,\r\n\r\nyour order is on its way.\r\n'),
  'no body, only the empty line': withBody(''),
  'no empty line at all': Buffer.from(`${usual.join('\r\n')}\r\n`),
  'one empty line as body': withBody('\r\n'),
  'many empty lines as body': withBody('\r\n'.repeat(50)),
  'no line end at the end': withBody('the last line just stops'),
  'empty lines at the end': withBody('text\r\n\r\n\r\n\r\n'),
  'blanks only': withBody('  \t \r\n \r\n\t\t\r\n'),
  'blanks before line ends': withBody('a  \r\nb\t\r\nc \t \r\n'),
  'blanks at the very end': withBody('text\r\n  '),
  'runs of blanks and tabs': withBody('a  b\t\tc \t d\r\n\tindented\r\n   more\r\n'),
  'lines of 998 octets': withBody(`${'x'.repeat(998)}\r\n`.repeat(20)),
  '8-bit bytes that are no UTF-8': withBody(Buffer.from([0xff, 0xfe, 0x80, 0x20, 0x20, 0xc3, 0x28, 0x0d, 0x0a])),
  'dots at line starts': withBody('.\r\n..\r\n.text\r\n'),
  'a body larger than a slice': withBody(`${'line of  text '.repeat(6)}\r\n`.repeat(8000)),
  'folded headers': withHeaders(
    'Cc: a@example.net,\r\n\tb@example.net,\r\n   c@example.net',
    'References: <1@x>\r\n <2@x>',
  ),
  'blanks around values': withHeaders('Reply-To:   shop@example.com   '),
  'a field with nothing in it': withHeaders('Cc:', 'In-Reply-To: '),
  'names in capitals': Buffer.from(withHeaders().toString().replace('Subject:', 'SUBJECT:').replace('From:', 'fROM:')),
  'several of one field': withHeaders(
    'Content-Description: one',
    'Content-Description: two',
    'Cc: a@x.example',
    'Cc: b@x.example',
  ),
  'UTF-8 in a header': withHeaders('Sender: Zoë <zoë@example.com>'),
  'an older signature': withHeaders('DKIM-Signature: v=1; a=rsa-sha256; d=other.example; s=x; h=from; bh=AAAA; b=AAAA'),
  'a one-click list': withHeaders(
    'List-Unsubscribe: <https://example.com/u>',
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
  ),
};

const added = [
  'Subject: Win',
  'From: Bank <x@bank.example>',
  'Reply-To: thief@x.example',
  'To: all@x.example',
  'Content-Type: text/html',
];

async function signed(message: Buffer): Promise<Buffer> {
  const envelope = { sender: 'shop@example.com', recipients: [{ address: 'you@example.net' }] };
  const header = await sign({ message, domain: 'example.com', keys, now: Date.now(), envelope });
  // As it arrives: SMTP ends the last line where the message does not. RFC 5321 §4.1.1.4
  return Buffer.concat([header, message, Buffer.from(message.subarray(-2).toString() === '\r\n' ? '' : '\r\n')]);
}

async function mailauthVerdicts(message: Buffer): Promise<boolean[]> {
  const resolver = async (name: string) => {
    const record = records[name];
    if (record === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    return [[record]];
  };
  const { results } = await dkimVerify(message, { resolver });
  return results
    .filter(({ signingDomain }) => signingDomain === 'example.com')
    .map(({ status }) => status.result === 'pass');
}

for (const [name, message] of Object.entries(shapes)) {
  test(`mailauth verifies both signatures: ${name}`, async () => {
    assert.deepEqual(await mailauthVerdicts(await signed(message)), [true, true]);
  });
}

test('mailauth refuses every message to which a field was added', async () => {
  const message = await signed(withBody('text\r\n'));
  for (const line of added)
    assert.deepEqual(
      await mailauthVerdicts(Buffer.concat([Buffer.from(`${line}\r\n`), message])),
      [false, false],
      line,
    );
});

test('mailauth verifies any body, however its blanks, line ends and bytes are mixed', async () => {
  const piece = fc.constantFrom(' ', '\t', '\r\n', 'a', 'é', '  \r\n', '\r\n\r\n', '.', 'text');
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
      assert.deepEqual(await mailauthVerdicts(await signed(withBody(pieces.join('')))), [true, true]);
    }),
    { numRuns: 60 },
  );
});

test('dkimpy agrees on every shape and refuses every addition', async (t) => {
  const python = findDkimpy();
  if (python === undefined) return t.skip('dkimpy is not here: apt-get install python3-dkim python3-nacl');
  const dotted = Object.fromEntries(Object.entries(records).map(([name, value]) => [`${name}.`, value]));
  const whole = await Promise.all(Object.values(shapes).map(signed));
  const [first] = whole;
  const tampered = added.map((line) => Buffer.concat([Buffer.from(`${line}\r\n`), first!]));
  const verdicts = await verifyWithDkimpy(python, [...whole, ...tampered], dotted);
  Object.keys(shapes).forEach((name, i) => assert.deepEqual(verdicts[i]?.slice(0, 2), [true, true], name));
  added.forEach((line, i) => assert.deepEqual(verdicts[whole.length + i], [false, false], line));
});
