import assert from 'node:assert/strict';
import test from 'node:test';
import { domainPolicy, fleetPolicy, platformPolicy, snapshotOf } from '../../../test/harness/snapshot.ts';
import type { Content, RecipientCommand, SenderCommand, Session } from '../ingress/session.ts';
import type { ReplyKey } from '../replies.ts';
import { noMarks, type Mark } from './admission.ts';
import { readHeader } from './header.ts';
import { authorshipOf, judge, messageRules, recipientRules, senderRules, type MessageFacts } from './rules.ts';

const platform = platformPolicy();
const session: Session = {
  id: 's',
  remoteAddress: '192.0.2.1',
  helo: 'client.test',
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  credential: { username: platform.username, secret: platform.secrets[0]! },
};
const sender: SenderCommand = { address: 'orders@shop.test', smtputf8: false, unusable: [], malformed: [] };
const recipient: RecipientCommand = { address: 'someone@else.test', unusable: [], malformed: [] };

type Changes = Partial<Omit<MessageFacts, 'content' | 'header'>> & {
  readonly message?: string;
  readonly problem?: Content['problem'];
};

function facts({ message = 'From: orders@shop.test\r\n\r\nhi\r\n', problem, ...changes }: Changes = {}): MessageFacts {
  const bytes = Buffer.from(message);
  const content = { bytes, size: bytes.length, eightBit: false, problem };
  return { snapshot: snapshotOf(), session, sender, content, header: readHeader(bytes), ...changes };
}
const refusal = (changes?: Changes): ReplyKey | undefined => judge(messageRules, facts(changes))?.reply;
const from = (...lines: readonly string[]) => ({ message: `${lines.join('\r\n')}\r\n\r\nhi\r\n` });
const suspended = { reason: 'an incident' };

test('the usual mail is welcome, and its author known', () => {
  assert.equal(refusal(), undefined);
  const { platform: who, domain, sender: address } = authorshipOf(facts());
  assert.deepEqual([who.username, domain.domain, address], ['orders.shop', 'shop.test', 'orders@shop.test']);
});

const cases: Readonly<Record<string, readonly [Changes, ReplyKey | undefined]>> = {
  'no TLS': [{ session: { ...session, tls: undefined } }, 'tlsRequired'],
  'no login': [{ session: { ...session, credential: undefined } }, 'authenticationRequired'],
  'the platform is gone': [{ snapshot: snapshotOf({ platforms: [] }) }, 'authenticationRequired'],
  'the password was replaced': [
    { snapshot: snapshotOf({ platforms: [platformPolicy({ secrets: [] })] }) },
    'authenticationRequired',
  ],
  'the fleet is suspended': [{ snapshot: snapshotOf({ fleet: fleetPolicy({ suspended }) }) }, 'fleetSuspended'],
  'the platform is suspended': [
    { snapshot: snapshotOf({ platforms: [platformPolicy({ suspended })] }) },
    'platformSuspendedSince',
  ],
  'the domain is suspended': [{ snapshot: snapshotOf({ domains: [domainPolicy({ suspended })] }) }, 'domainSuspended'],
  'the domain is being deleted': [
    { snapshot: snapshotOf({ domains: [domainPolicy({ draining: true, suspended })] }) },
    'senderNotAllowed',
  ],
  'the domain is gone': [{ snapshot: snapshotOf({ domains: [] }) }, 'senderNotAllowed'],
  'a parameter with a value that is none': [{ sender: { ...sender, malformed: ['ENVID'] } }, 'badSyntax'],
  'a line that is too long': [{ problem: 'long-line' }, 'lineTooLong'],
  'fifty hops': [from(...Array(50).fill('Received: x'), 'From: orders@shop.test'), 'mailLoop'],
  'forty-nine hops': [from(...Array(49).fill('Received: x'), 'From: orders@shop.test'), undefined],
  'a name that shows another address': [from('From: "ceo@bank.test" <orders@shop.test>'), 'nameShowsAddress'],
  'a name of Sender that does': [
    from('From: orders@shop.test', 'Sender: "ceo@bank.test" <orders@shop.test>'),
    'nameShowsAddress',
  ],
  'a name that shows what nobody can read': [from('From: =?x?q?y?= <orders@shop.test>'), 'nameShowsAddress'],
  'a name that shows one’s own address': [from('From: "orders@shop.test" <orders@shop.test>'), undefined],
  'a domain beyond ASCII, undeclared': [
    { sender: { ...sender, address: 'orders@bücher.test' } },
    'internationalNotDeclared',
  ],
  'a parameter nobody offered': [{ sender: { ...sender, unusable: ['BY'] } }, 'unknownParameter'],
  'an envelope sender outside the grammar': [{ sender: { ...sender, address: '"a b"@shop.test' } }, 'senderSyntax'],
  'an envelope sender of another domain': [{ sender: { ...sender, address: 'orders@bank.test' } }, 'senderNotAllowed'],
  'an envelope sender of a subdomain': [{ sender: { ...sender, address: 'orders@a.shop.test' } }, 'senderNotAllowed'],
  'an envelope sender beyond ASCII, undeclared': [
    { sender: { ...sender, address: 'ü@shop.test' } },
    'internationalNotDeclared',
  ],
  'an envelope sender beyond ASCII, declared': [
    { sender: { ...sender, address: 'ü@shop.test', smtputf8: true } },
    undefined,
  ],
  'the null sender': [{ sender: { ...sender, address: '' } }, undefined],
  'the null sender with the From of another domain': [
    { sender: { ...sender, address: '' }, ...from('From: a@bank.test') },
    'fromNotAllowed',
  ],
  'too large': [{ problem: 'too-large' }, 'sizeExceeded'],
  'no memory': [{ problem: 'no-memory' }, 'bodyMemoryFull'],
  'a bare CR': [{ problem: 'bare-cr' }, 'bareCarriageReturn'],
  'a bare LF': [{ problem: 'bare-lf' }, 'bareLineFeed'],
  'a NUL': [{ problem: 'nul' }, 'nulByte'],
  'a huge header': [from('From: orders@shop.test', `X: ${'x'.repeat(70_000)}`), 'headerTooLarge'],
  'a thousand folds': [from('From: orders@shop.test', 'X: y', ...Array<string>(1001).fill(' z')), 'tooManyFolds'],
  'a malformed header': [from('From orders@shop.test'), 'headerMalformed'],
  'no From': [from('Subject: hi'), 'fromMissing'],
  'two From': [from('From: orders@shop.test', 'From: orders@shop.test'), 'fromRepeated'],
  'two mailboxes in From': [from('From: orders@shop.test, ceo@shop.test'), 'fromNotOneMailbox'],
  'From of another domain': [from('From: ceo@bank.test'), 'fromNotAllowed'],
  'From of another domain behind a familiar name': [from('From: "orders@shop.test" <ceo@bank.test>'), 'fromNotAllowed'],
  'From beyond ASCII, undeclared': [from('From: ü@shop.test'), 'internationalNotDeclared'],
  'From beyond ASCII, declared': [{ sender: { ...sender, smtputf8: true }, ...from('From: ü@shop.test') }, undefined],
  'two Sender': [from('From: orders@shop.test', 'Sender: a@shop.test', 'Sender: a@shop.test'), 'senderHeaderUnusable'],
  'two mailboxes in Sender': [
    from('From: orders@shop.test', 'Sender: a@shop.test, b@shop.test'),
    'senderHeaderUnusable',
  ],
  'Sender of another domain': [from('From: orders@shop.test', 'Sender: a@bank.test'), 'senderHeaderNotAllowed'],
  'Sender of our own': [from('From: orders@shop.test', 'Sender: a@shop.test'), undefined],
};
for (const [what, [changes, expected]] of Object.entries(cases))
  test(`message: ${what}`, () => assert.equal(refusal(changes), expected));

test('a platform bound to some local parts may use those alone, in envelope, From and Sender', () => {
  const snapshot = snapshotOf({
    platforms: [platformPolicy({ senders: [{ domain: 'shop.test', localParts: ['orders', 'bounces'] }] })],
  });
  const asked = (envelope: string, header: string) =>
    refusal({ snapshot, sender: { ...sender, address: envelope }, ...from(header) });
  assert.equal(asked('bounces@shop.test', 'From: Orders@SHOP.test'), undefined);
  assert.equal(asked('ceo@shop.test', 'From: orders@shop.test'), 'senderNotAllowed');
  assert.equal(asked('orders@shop.test', 'From: ceo@shop.test'), 'fromNotAllowed');
});

test('a suspended domain is not told to a platform that is not bound to it', () => {
  const domains = [domainPolicy(), domainPolicy({ domain: 'bank.test', suspended })];
  assert.equal(refusal({ snapshot: snapshotOf({ domains }), ...from('From: ceo@bank.test') }), 'fromNotAllowed');
});

test('standing is asked first, at every command', () => {
  const snapshot = snapshotOf({ platforms: [platformPolicy({ suspended })] });
  const bad = { ...sender, address: 'nobody' };
  assert.equal(judge(senderRules, { snapshot, session, sender: bad, marks: noMarks })?.reply, 'platformSuspendedSince');
  const atRecipient = { snapshot, session, sender, recipient, accepted: 0 };
  assert.equal(judge(recipientRules, atRecipient)?.reply, 'platformSuspendedSince');
});

test('recipients: any domain, our grammar, so many and no more', () => {
  const asked = (changes: Partial<RecipientCommand>, accepted = 0) =>
    judge(recipientRules, {
      snapshot: snapshotOf(),
      session,
      sender,
      recipient: { ...recipient, ...changes },
      accepted,
    })?.reply;
  assert.equal(asked({}), undefined);
  assert.equal(asked({}, 99), undefined);
  assert.equal(asked({}, 100), 'tooManyRecipients');
  assert.equal(asked({ address: 'ü@else.test' }), 'internationalNotDeclared');
  assert.equal(asked({ unusable: ['FOO'] }), 'unknownParameter');
  for (const address of [
    '',
    'postmaster',
    '"a b"@else.test',
    'a@[127.0.0.1]',
    '@r.test:a@else.test',
    'a@localhost',
    'a@2130706433',
    'a@example.xn--com-',
    'a@。example.com',
    'a@-b.example',
  ])
    assert.equal(asked({ address }), 'recipientSyntax', address);
});

test('never more recipients than one commit can hold, whatever the fleet allows', () => {
  const limits = { ...fleetPolicy().limits, maxRecipients: 10_000 };
  const snapshot = snapshotOf({ fleet: fleetPolicy({ limits }) });
  const asked = (accepted: number) => judge(recipientRules, { snapshot, session, sender, recipient, accepted })?.reply;
  assert.equal(asked(999), undefined);
  assert.equal(asked(1000), 'tooManyRecipients');
});

test('marks of the queue refuse bulk mail first, then all, and at MAIL FROM alone', () => {
  const asked = (lane: 'transactional' | 'bulk', ...names: readonly Mark[]) => {
    const snapshot = snapshotOf({ platforms: [platformPolicy({ lane })] });
    const given = { snapshot, session, sender, marks: new Set(names) };
    assert.equal(refusal(given), undefined, 'a mail in DATA is taken');
    return judge(senderRules, given)?.reply;
  };
  assert.deepEqual([asked('bulk'), asked('transactional')], [undefined, undefined]);
  assert.deepEqual(
    [asked('bulk', 'storeFilling'), asked('transactional', 'storeFilling')],
    ['storeFilling', undefined],
  );
  assert.equal(asked('bulk', 'tooManyDeferred'), 'tooManyDeferred');
  assert.equal(asked('transactional', 'tooManyDeferred'), undefined);
  for (const lane of ['bulk', 'transactional'] as const)
    assert.equal(asked(lane, 'storeFilling', 'storeNearlyFull'), 'storeNearlyFull');
});

test('every rule has a name of its own', () => {
  for (const rules of [senderRules, recipientRules, messageRules]) {
    const names = rules.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  }
});

test('asking for the author of a refused message is a bug', () => {
  assert.throws(() => authorshipOf(facts(from('From: ceo@bank.test'))), /refuse/);
});
