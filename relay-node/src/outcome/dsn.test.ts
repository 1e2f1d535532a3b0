import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEntry, encodeEntry, type Envelope, type Recipient } from '@relayfleet/contract/envelope.ts';
import { isMailId } from '@relayfleet/contract/mail-id.ts';
import type { Verdict } from './classify.ts';
import { composeDsn, dsnId, type DsnRequest } from './dsn.ts';

const envelope: Envelope = {
  v: 1,
  id: '01HZZZZZZZZZZZZZZZZZZZZZZZ',
  k: 0,
  of: 1,
  kind: 'mail',
  platform: { namespace: 'a', name: 'b' },
  domain: 'example.com',
  lane: 'bulk',
  destination: 'to.test',
  sender: 's@example.com',
  smtputf8: false,
  eightBit: false,
  recipients: [{ n: 0, address: 'r@to.test' }],
  acceptedAt: 1_700_000_000_000,
  acceptedBy: 'n',
  attempt: 0,
  due: 0,
  settled: { delivered: 0, bounced: 0, expired: 0 },
  body: { kind: 'inline', size: 1 },
};
const refused: Verdict = {
  outcome: 'bounced',
  category: 'recipient',
  code: 550,
  status: '5.1.1',
  why: 'no such user',
  reply: '550 5.1.1 no',
};
const original = Buffer.from('From: s@example.com\r\nSubject: hi\r\n\r\nsecret body\r\n');

function request(
  changes: Partial<Envelope> = {},
  recipients: readonly Recipient[] = envelope.recipients,
  verdict = refused,
): DsnRequest {
  const outcomes = recipients.map((recipient) => ({ recipient, verdict, hop: 'mx.to.test' }));
  const about = { reporter: 'relay.test', node: 'node-a', destination: 'example.com', now: 1_700_000_060_000 };
  return { envelope: { ...envelope, ...changes }, outcomes, original, ...about };
}
const textOf = (given: DsnRequest) => composeDsn(given)?.message.toString() ?? '';

test('the whole report', () => {
  const text = textOf(request({ envid: 'QQ+2B7' }));
  assert.equal(
    text.replaceAll(dsnId(envelope), 'ID').replaceAll('\r\n', '\n'),
    `From: Mail Delivery System <MAILER-DAEMON@example.com>
To: <s@example.com>
Subject: Undelivered Mail Returned to Sender
Date: Tue, 14 Nov 2023 22:14:20 +0000
Message-ID: <ID@example.com>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="=_ID"
Content-Transfer-Encoding: 7bit

--=_ID
Content-Type: text/plain; charset=us-ascii
Content-Description: Notification

This is the mail system at relay.test.

Your message could not be delivered to the recipients below, and is not
tried again. The attached report says the same to programs.

<r@to.test>
    no such user
    mx.to.test said: 550 5.1.1 no

--=_ID
Content-Type: message/delivery-status
Content-Description: Delivery report

Reporting-MTA: dns; relay.test
Original-Envelope-Id: QQ+7
Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000

Final-Recipient: rfc822; r@to.test
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.to.test
Diagnostic-Code: smtp; 550 5.1.1 no
Last-Attempt-Date: Tue, 14 Nov 2023 22:14:20 +0000

--=_ID
Content-Type: text/rfc822-headers
Content-Description: Undelivered Message
Content-Transfer-Encoding: 7bit

From: s@example.com
Subject: hi

--=_ID--
`,
  );
});

test('it is a queue entry from the null sender to the sender, with an id that is always the same', () => {
  const dsn = composeDsn(request());
  assert.ok(dsn !== undefined && isMailId(dsn.envelope.id));
  assert.deepEqual(
    [dsn.envelope.sender, dsn.envelope.recipients[0]?.address, dsn.envelope.kind],
    ['', 's@example.com', 'dsn'],
  );
  assert.equal(composeDsn({ ...request(), now: 1_800_000_000_000 })?.envelope.id, dsn.envelope.id);
  assert.notEqual(composeDsn(request({ attempt: 1 }))?.envelope.id, dsn.envelope.id);
  assert.notEqual(composeDsn(request({ k: 1 }))?.envelope.id, dsn.envelope.id);
  assert.ok(decodeEntry(encodeEntry(dsn.envelope, dsn.message)).ok);
});

const silent: Readonly<Record<string, DsnRequest>> = {
  'about a bounce': request({ kind: 'dsn' }),
  'to the null sender': request({ sender: '' }),
  'where NOTIFY=NEVER': request({}, [{ n: 0, address: 'r@to.test', notify: ['NEVER'] }]),
  'where NOTIFY names no failure': request({}, [{ n: 0, address: 'r@to.test', notify: ['SUCCESS', 'DELAY'] }]),
  'where nothing failed for good': request({}, undefined, { ...refused, outcome: 'deferred' }),
  'where it was delivered': request({}, undefined, { ...refused, outcome: 'delivered' }),
};
for (const [name, given] of Object.entries(silent))
  test(`no bounce ${name}`, () => assert.equal(composeDsn(given), undefined));

test('only those who want a word about a failure are in it', () => {
  const text = textOf(
    request({}, [
      { n: 0, address: 'a@to.test', notify: ['NEVER'] },
      { n: 1, address: 'b@to.test', notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;B+2B1@to.test' },
      { n: 2, address: 'c@to.test' },
    ]),
  );
  assert.doesNotMatch(text, /a@to\.test/);
  assert.match(text, /Original-Recipient: rfc822; B\+1@to\.test\r\nFinal-Recipient: rfc822; b@to\.test\r\n/);
  assert.match(text, /\r\n\r\nFinal-Recipient: rfc822; c@to\.test\r\n/);
});

test('RET=FULL returns the message, unless it is large; without the message there is no third part’s content', () => {
  assert.match(textOf(request({ ret: 'FULL' })), /Content-Type: message\/rfc822[^]*secret body/);
  assert.doesNotMatch(textOf(request({ ret: 'HDRS' })), /secret body/);
  const large = { ...request({ ret: 'FULL' }), original: Buffer.concat([original, Buffer.alloc(200_000, 'x')]) };
  assert.match(textOf(large), /text\/rfc822-headers/);
  assert.match(textOf({ ...request(), original: undefined }), /Content-Type: text\/rfc822-headers/);
});

test('a peer’s words cannot add lines, parts or strange bytes', () => {
  const reply = `550-5.1.1 a\r\nAction: delivered\n550 \u0007ü${'x'.repeat(3000)}`;
  const text = textOf(request({}, undefined, { ...refused, reply, why: 'broken\r\n--=_x' }));
  assert.doesNotMatch(text, /^Action: delivered/m);
  assert.ok(text.split('\r\n').every((line) => line.length <= 998 && /^[\x20-\x7e]*$/.test(line)));
});

test('addresses beyond ASCII are written so that every reader can take them', () => {
  const dsn = composeDsn(request({ sender: 'zoë@example.com' }, [{ n: 0, address: 'jörg@to.test' }]));
  assert.match(dsn?.message.toString() ?? '', /Final-Recipient: utf-8; j\\x\{F6\}rg@to\.test/);
  assert.equal(dsn?.envelope.smtputf8, true);
});

test('a header beyond ASCII is returned as such, and needs an 8-bit way', () => {
  const dsn = composeDsn({ ...request(), original: Buffer.from('Subject: é\r\n\r\n') });
  assert.match(
    dsn?.message.toString() ?? '',
    /Content-Type: message\/global-headers\r\n[^]*Content-Transfer-Encoding: 8bit/,
  );
  assert.equal(dsn?.envelope.eightBit, true);
});
