// Notices of all three actions as programs we did not write take them: Postfix carries them, mailauth judges their signatures,
// Python's email package reads them. And where Postfix answers for a notice itself we keep silent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authenticate, type DNSResolver } from 'mailauth';
import { makeAuthority } from '../harness/certificates.ts';
import { dkimRecords, snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPostfix } from '../harness/postfix.ts';
import { readNotices, type ReadNotice } from '../harness/python-email.ts';
import { anEnvelope } from '../harness/queue.ts';
import { composeDsn, type DsnRequest } from '../../relay-node/src/outcome/dsn.ts';
import type { Action } from '../../relay-node/src/outcome/notices.ts';

const lookUp = async (name: string) => {
  const record = dkimRecords[name];
  if (record === undefined) throw Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' });
  return [[record]];
};

test('failed, delayed and relayed arrive through Postfix, verify, and are read as what they are', async (t) => {
  const postfix = await startPostfix(t, makeAuthority().issue('postfix.test'));
  if (postfix === undefined) return t.skip('Postfix as a judge of notices takes root and: apt-get install postfix');
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: postfix.withoutDsnPort }) }));
  const sender = 'one@to.test';
  await rig.commit({
    sender,
    acceptedAt: Date.now() - 5 * 3_600_000,
    attempt: 5,
    envid: 'QQ+2B314',
    recipients: [
      { n: 0, address: 'gone@to.test', orcpt: 'rfc822;Gone+2Bx@to.test' },
      { n: 1, address: 'later@to.test' },
      { n: 2, address: 'two@to.test', notify: ['SUCCESS'] },
    ],
  });
  rig.start({ retryDelays: [3_600_000] });
  const arrived = await postfix.mailbox('one', 3);
  const raw = arrived.map((mail) => Buffer.from(mail.replaceAll('\n', '\r\n'), 'latin1'));
  for (const mail of raw) {
    const resolver = lookUp as unknown as DNSResolver; // its type knows no TXT
    const about = { ip: '127.0.0.1', helo: 'relay.fleet.test', sender: '', mta: 'receiver.test', resolver };
    const { dkim } = await authenticate(mail, { ...about, disableArc: true, disableBimi: true });
    assert.deepEqual(
      dkim.results.map(({ signingDomain, status }) => `${signingDomain} ${status.result}`),
      ['shop.test pass', 'shop.test pass'],
    );
  }
  const notices = readNotices(raw);
  if (notices === undefined) return t.skip('reading notices takes python3');
  for (const notice of notices) {
    assert.deepEqual(notice.defects, []);
    assert.deepEqual([notice.type, notice.reportType, notice.dated], ['multipart/report', 'delivery-status', true]);
    assert.deepEqual([notice.from, notice.to], [['MAILER-DAEMON@shop.test'], [sender]]);
    assert.deepEqual(notice.parts, ['text/plain', 'message/delivery-status', 'text/rfc822-headers']);
    assert.match(notice.returned, /^Subject: Order$/m);
    assert.equal(notice.status[0]?.['reporting-mta'], 'dns; relay.fleet.test');
    assert.equal(notice.status[0]['original-envelope-id'], 'QQ+314');
    assert.equal(notice.status.length, 2);
  }
  const groups = Object.fromEntries(notices.map(({ status }) => [status[1]?.['action'], status[1]]));
  assert.deepEqual(Object.keys(groups).toSorted(), ['delayed', 'failed', 'relayed']);
  assert.equal(groups['failed']?.['final-recipient'], 'rfc822; gone@to.test');
  assert.equal(groups['failed']['original-recipient'], 'rfc822; Gone+x@to.test');
  assert.equal(groups['failed']['status'], '5.1.1');
  assert.match(groups['failed']['diagnostic-code'] ?? '', /^smtp; 550 5\.1\.1 /);
  assert.equal(groups['delayed']?.['final-recipient'], 'rfc822; later@to.test');
  assert.equal(groups['delayed']['status'], '4.2.1');
  assert.ok(Date.parse(groups['delayed']['will-retry-until'] ?? '') > Date.now());
  assert.equal(groups['relayed']?.['final-recipient'], 'rfc822; two@to.test');
  assert.match(groups['relayed']['status'] ?? '', /^2\./);
});

test('NOTIFY=SUCCESS through a Postfix that offers DSN: its notice reaches the sender, and none of ours', async (t) => {
  const postfix = await startPostfix(t, makeAuthority().issue('postfix.test'));
  if (postfix === undefined) return t.skip('Postfix as a next hop takes root and: apt-get install postfix');
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: postfix.port }) }));
  await rig.commit({
    sender: 'one@to.test',
    envid: 'QQ314',
    recipients: [{ n: 0, address: 'two@to.test', notify: ['SUCCESS'] }],
  });
  rig.start();
  const [theirs] = await postfix.mailbox('one', 1);
  assert.match(theirs ?? '', /^Reporting-MTA: dns; postfix\.test$/m);
  assert.match(theirs ?? '', /^Original-Envelope-Id: QQ314$/m);
  assert.match(theirs ?? '', /^Action: delivered$/m);
  await rig.entries();
  assert.equal(rig.report.events.filter(({ type }) => type === 'accepted').length, 0);
});

const shapes: Readonly<Record<string, (given: DsnRequest) => DsnRequest>> = {
  'as usual': (given) => given,
  'without the mail': (given) => ({ ...given, original: undefined }),
  'a mail without a body': (given) => ({ ...given, original: Buffer.from('Subject: only\r\n') }),
  'a mail that is a report itself': (given) => ({
    ...given,
    envelope: { ...given.envelope, ret: 'FULL' },
    original: composeDsn(usualRequest('failed')).message,
  }),
  'beyond ASCII': (given) => ({
    ...given,
    envelope: { ...given.envelope, ret: 'FULL', smtputf8: true },
    original: Buffer.from('From: zoë@shop.test\r\nSubject: größer\r\n\r\nübermorgen\r\n'),
  }),
  'a peer that speaks at length and strangely': (given) => ({
    ...given,
    notice: {
      ...given.notice,
      about: given.notice.about.map((one) => ({
        ...one,
        verdict: {
          ...one.verdict,
          reply: `550-5.7.1 \u0000\u00e9\r\n\r\n--=_x\nAction: delivered ${'long '.repeat(900)}`,
        },
      })),
    },
  }),
};

test('whatever is reported of whatever mail, Python finds nothing wrong with it', (t) => {
  const actions: readonly Action[] = ['failed', 'delayed', 'relayed'];
  const all = actions.flatMap((action) =>
    Object.entries(shapes).map(([name, change]) => ({ action, name, given: change(usualRequest(action)) })),
  );
  const notices = readNotices(all.map(({ given }) => composeDsn(given).message));
  if (notices === undefined) return t.skip('reading notices takes python3');
  for (const [i, { action, name }] of all.entries()) {
    const notice: ReadNotice | undefined = notices[i];
    assert.deepEqual(notice?.defects, [], name);
    assert.equal(notice.parts.length, 3, name);
    assert.equal(notice.status.length, 3, name);
    assert.deepEqual(
      notice.status.slice(1).map((group) => group['action']),
      [action, action],
      name,
    );
  }
});

function usualRequest(action: Action): DsnRequest {
  const recipients = [
    { n: 0, address: 'someone@to.test' },
    { n: 1, address: 'jörg@to.test', orcpt: 'utf-8;j\\x{F6}rg@to.test' },
  ];
  const envelope = anEnvelope({ sender: 'info@shop.test', domain: 'shop.test', recipients });
  const verdict = {
    outcome: 'bounced',
    category: 'recipient',
    code: 550,
    status: '5.1.1',
    why: 'no such user',
  } as const;
  return {
    notice: {
      action,
      id: envelope.id,
      about: recipients.map((recipient) => ({ recipient, verdict, hop: 'mx.to.test' })),
    },
    envelope,
    original: Buffer.from('From: info@shop.test\r\nSubject: Order\r\n\r\nHello\r\n'),
    reporter: 'relay.test',
    node: 'node-a',
    destination: 'shop.test',
    retryUntil: Date.now(),
    now: Date.now(),
  };
}
