import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEntry, encodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import type { Verdict } from './classify.ts';
import { composeDsn, type DsnRequest } from './dsn.ts';
import type { Action } from './notices.ts';
import { anEnvelope } from './testing/envelope.ts';

const envelope = anEnvelope({ acceptedAt: 1_700_000_000_000, attempt: 0, due: 0 });
const refused: Verdict = {
  outcome: 'bounced',
  category: 'recipient',
  code: 550,
  status: '5.1.1',
  why: 'no such user',
  reply: '550 5.1.1 no',
};
const original = Buffer.from('From: s@example.com\r\nSubject: hi\r\n\r\nsecret body\r\n');

const id = '01HZZZZZZZAAAAAAAAAAAAAAAA';

type Changes = Partial<Envelope> & { readonly action?: Action };
function request({ action = 'failed', ...changes }: Changes = {}, verdict = refused): DsnRequest {
  const changed = { ...envelope, ...changes };
  const about = changed.recipients.map((recipient) => ({ recipient, verdict, hop: 'mx.to.test' }));
  const who = { reporter: 'relay.test', node: 'node-a', destination: 'example.com' };
  const when = { now: 1_700_000_060_000, retryUntil: 1_700_432_000_000 };
  return { notice: { action, id, about }, envelope: changed, original, ...who, ...when };
}
const textOf = (given: DsnRequest) => composeDsn(given).message.toString();

test('the whole report of a failure', () => {
  const text = textOf(request({ envid: 'QQ+2B7' }));
  assert.equal(
    text.replaceAll(id, 'ID').replaceAll('\r\n', '\n'),
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

const late: Verdict = { outcome: 'deferred', category: 'peer', code: 451, status: '4.3.0', why: 'it was ill' };

test('a notice of delay says until when it is tried, and that nothing need be sent again', () => {
  const text = textOf(request({ action: 'delayed' }, { ...late, reply: '451 4.3.0 no' })).replaceAll('\r\n', '\n');
  assert.match(text, /^Subject: Delayed Mail \(still being tried\)$/m);
  assert.match(text, /\nno need to send it again: it is tried until\nSun, 19 Nov 2023 22:13:20 \+0000\.\n/);
  assert.match(
    text,
    new RegExp(
      '\nFinal-Recipient: rfc822; r@to.test\nAction: delayed\nStatus: 4.3.0\nRemote-MTA: dns; mx.to.test\n' +
        'Diagnostic-Code: smtp; 451 4.3.0 no\nLast-Attempt-Date: [^\n]+\nWill-Retry-Until: Sun, 19 Nov 2023 22:13:20 .0000\n\n',
    ),
  );
});

test('a notice of relaying says that no more is heard', () => {
  const taken: Verdict = { outcome: 'delivered', category: 'accepted', code: 250, status: '2.0.0', why: 'it took it' };
  const text = textOf(request({ action: 'relayed' }, taken));
  assert.match(text, /^Subject: Mail Handed On Without Delivery Notices\r$/m);
  assert.match(text, /\r\nAction: relayed\r\nStatus: 2\.0\.0\r\n/);
  assert.doesNotMatch(text, /Will-Retry-Until|could not/);
});

test('it is a queue entry from the null sender to the sender', () => {
  const dsn = composeDsn(request());
  const { sender, recipients, kind, domain } = dsn.envelope;
  assert.deepEqual([sender, recipients[0]?.address, kind, domain], ['', 's@example.com', 'dsn', 'example.com']);
  assert.equal(dsn.envelope.id, id);
  const read = decodeEntry(encodeEntry(dsn.envelope, dsn.message));
  assert.ok(read.ok && read.value.bodyProblem === undefined);
});

test('it belongs to the RelayDomain of the mail it is about, if that is known', () => {
  const domainRef = { namespace: 'a', name: 'example' };
  assert.deepEqual(composeDsn(request({ domainRef })).envelope.domainRef, domainRef);
  assert.ok(!('domainRef' in composeDsn(request()).envelope));
});

test('each recipient has a group of its own, with the address the sender knows', () => {
  const recipients = [
    { n: 1, address: 'b@to.test', orcpt: 'rfc822;B+2B1@to.test' },
    { n: 2, address: 'c@to.test' },
    { n: 3, address: 'd@to.test', orcpt: 'rfc822;j+C3+B6rg@to.test' },
  ];
  const text = textOf(request({ recipients }));
  assert.match(
    text,
    /\r\n\r\nOriginal-Recipient: utf-8; j\\x\{F6\}rg@to\.test\r\nFinal-Recipient: rfc822; d@to\.test\r\n/,
  );
  assert.match(text, /Original-Recipient: rfc822; B\+1@to\.test\r\nFinal-Recipient: rfc822; b@to\.test\r\n/);
  assert.match(text, /\r\n\r\nFinal-Recipient: rfc822; c@to\.test\r\n/);
});

test('RET=FULL returns the message, unless it is large; without the message there is no third part’s content', () => {
  assert.match(textOf(request({ ret: 'FULL' })), /Content-Type: message\/rfc822[^]*secret body/);
  assert.doesNotMatch(textOf(request({ ret: 'HDRS' })), /secret body/);
  const body = { kind: 'inline', size: 200_000 } as const; // what is at hand of it may be less than all of it
  const large = request({ ret: 'FULL', body });
  assert.match(textOf(large), /text\/rfc822-headers/);
  assert.match(textOf({ ...request(), original: undefined }), /Content-Type: text\/rfc822-headers/);
  for (const action of ['delayed', 'relayed'] as const)
    assert.doesNotMatch(textOf(request({ ret: 'FULL', action })), /secret body/, action);
});

test('a peer’s words cannot add lines, parts or strange bytes', () => {
  const reply = `550-5.1.1 a\r\nAction: delivered\n550 \u0007ü${'x'.repeat(3000)}`;
  const text = textOf(request({}, { ...refused, reply, why: 'broken\r\n--=_x' }));
  assert.doesNotMatch(text, /^Action: delivered/m);
  assert.ok(text.split('\r\n').every((line) => line.length <= 998 && /^[\x20-\x7e]*$/.test(line)));
});

test('addresses beyond ASCII are written so that every reader can take them', () => {
  const dsn = composeDsn(request({ sender: 'zoë@example.com', recipients: [{ n: 0, address: 'jörg@to.test' }] }));
  assert.match(dsn.message.toString(), /Final-Recipient: utf-8; j\\x\{F6\}rg@to\.test/);
  assert.equal(dsn.envelope.smtputf8, true);
});

test('a header beyond ASCII is returned as such, and needs an 8-bit way', () => {
  const dsn = composeDsn({ ...request(), original: Buffer.from('Subject: é\r\n\r\n') });
  assert.match(dsn.message.toString(), /Content-Type: message\/global-headers\r\n[^]*Content-Transfer-Encoding: 8bit/);
  assert.equal(dsn.envelope.eightBit, true);
});
