import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attemptOutcomes, outcomeCategories, recipientResultSchema } from '@relayfleet/contract/outcome.ts';
import type { Stage } from '../delivery/facts.ts';
import { classify, isHopsFault, reachOf } from './classify.ts';

type Row = readonly [stage: Stage, reply: string, outcome: string, category: string, status: string];

const replies: readonly Row[] = [
  // large receivers, in their own words
  [
    'dot',
    '550-5.7.26 This mail has been blocked because the sender is unauthenticated.',
    'bounced',
    'policy',
    '5.7.26',
  ],
  [
    'dot',
    '550 5.7.515 Access denied, sending domain does not meet the required authentication level.',
    'bounced',
    'policy',
    '5.7.515',
  ],
  [
    'dot',
    '421-4.7.0 [192.0.2.1 15] Our system has detected an unusual rate of unsolicited mail',
    'deferred',
    'rate',
    '4.7.0',
  ],
  ['mail', '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred', 'deferred', 'peer', '4.7.0'],
  [
    'rcpt',
    '450-4.2.1 The user you are trying to contact is receiving mail at a rate that',
    'deferred',
    'rate',
    '4.2.1',
  ],
  ['rcpt', '452-4.2.2 The recipient’s inbox is out of storage space.', 'deferred', 'recipient', '4.2.2'],
  ['rcpt', '550-5.1.1 The email account that you tried to reach does not exist.', 'bounced', 'recipient', '5.1.1'],
  ['rcpt', '550 5.4.1 Recipient address rejected: Access denied.', 'bounced', 'recipient', '5.4.1'],
  [
    'rcpt',
    '550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Spamhaus',
    'bounced',
    'policy',
    '5.7.1',
  ],
  // greylisting, as different servers say it
  ['rcpt', '451 4.7.1 Greylisting in action, please come back later', 'deferred', 'rate', '4.7.1'],
  ['rcpt', '450 4.2.0 <u@x>: Recipient address rejected: Greylisted', 'deferred', 'rate', '4.2.0'],
  ['rcpt', '451 Temporary local problem - please try again later', 'deferred', 'rate', '4.0.0'],
  ['rcpt', '451 4.7.1 SPF record cannot be read now', 'deferred', 'policy', '4.7.1'],
  // the recipient
  ['rcpt', '550 no such user', 'bounced', 'recipient', '5.0.0'],
  ['rcpt', '551 User not local', 'bounced', 'recipient', '5.0.0'],
  ['rcpt', '553 5.1.3 bad address', 'bounced', 'recipient', '5.1.3'],
  ['rcpt', '550 5.2.1 disabled', 'bounced', 'recipient', '5.2.1'],
  ['rcpt', '552 5.2.2 over quota', 'bounced', 'recipient', '5.2.2'],
  ['dot', '552 5.2.2 over quota', 'bounced', 'recipient', '5.2.2'],
  ['rcpt', '556 5.1.10 null MX', 'bounced', 'dns', '5.1.10'],
  ['rcpt', '550 5.1.8 sender domain has no address', 'bounced', 'policy', '5.1.8'],
  // too many recipients: RFC 5321 §4.5.3.1.10
  ['rcpt', '452 4.5.3 too many recipients', 'deferred', 'rate', '4.5.3'],
  ['rcpt', '452 enough', 'deferred', 'rate', '4.0.0'],
  ['rcpt', '552 enough', 'deferred', 'rate', '4.0.0'],
  ['rcpt', '550 5.5.3 enough recipients', 'deferred', 'rate', '4.5.3'],
  // the message
  ['mail', '552 5.3.4 message size exceeds limit', 'bounced', 'message', '5.3.4'],
  ['dot', '552 too large', 'bounced', 'message', '5.0.0'],
  ['dot', '550 5.2.3 too long for that mailbox', 'bounced', 'message', '5.2.3'],
  ['dot', '554 5.6.0 malformed', 'bounced', 'message', '5.6.0'],
  ['dot', '550 5.6.7 not ASCII', 'bounced', 'message', '5.6.7'],
  // policy
  ['mail', '550 not you', 'bounced', 'policy', '5.0.0'],
  ['mail', '553 5.1.7 bad sender', 'bounced', 'policy', '5.1.7'],
  ['dot', '554 transaction failed: looks like spam', 'bounced', 'policy', '5.0.0'],
  ['rcpt', '554 5.7.1 relaying denied', 'bounced', 'policy', '5.7.1'],
  // the peer
  ['mail', '421 closing', 'deferred', 'peer', '4.0.0'],
  ['data', '451 4.3.0 disk trouble', 'deferred', 'peer', '4.3.0'],
  ['mail', '452 4.3.1 no space', 'deferred', 'peer', '4.3.1'],
  ['dot', '451 hiccup', 'deferred', 'peer', '4.0.0'],
  ['dot', '450 hiccup', 'deferred', 'peer', '4.0.0'],
  ['rcpt', '550 5.4.4 cannot route', 'bounced', 'peer', '5.4.4'],
  // before MAIL nothing is about the mail
  ['greeting', '554 5.7.1 go away', 'deferred', 'policy', '4.7.1'],
  ['greeting', '521 this host takes no mail', 'deferred', 'policy', '4.0.0'],
  ['greeting', '421 4.3.2 too many connections', 'deferred', 'rate', '4.3.2'],
  ['greeting', '450 4.3.2 busy', 'deferred', 'peer', '4.3.2'],
  ['hello', '550 5.7.1 bad HELO', 'deferred', 'policy', '4.7.1'],
  // our credentials
  ['auth', '535 5.7.8 wrong', 'deferred', 'configuration', '4.7.8'],
  ['auth', '454 4.7.0 backend down', 'deferred', 'configuration', '4.7.0'],
  ['mail', '530 5.7.0 authentication required', 'deferred', 'configuration', '4.7.0'],
  // the protocol
  ['mail', '500 what?', 'bounced', 'protocol', '5.0.0'],
  ['mail', '555 parameter unknown', 'bounced', 'protocol', '5.0.0'],
  ['data', '503 bad sequence', 'deferred', 'protocol', '4.0.0'],
  ['data', '554 5.5.1 no valid recipients', 'bounced', 'protocol', '5.5.1'],
  ['dot', '250-but this is a refusal', 'deferred', 'protocol', '4.0.0'],
  ['greeting', 'HTTP/1.1 400 Bad Request', 'deferred', 'protocol', '4.0.0'],
  ['mail', '', 'deferred', 'protocol', '4.0.0'],
  // class and code disagree: the code decides
  ['rcpt', '550 4.1.1 no such user', 'bounced', 'recipient', '5.1.1'],
  ['rcpt', '450 5.1.1 not now', 'deferred', 'recipient', '4.1.1'],
];

for (const [stage, reply, outcome, category, status] of replies)
  test(`${stage}: ${reply.slice(0, 60)}`, () => {
    const verdict = classify({ kind: 'refused', stage, reply });
    assert.deepEqual([verdict.outcome, verdict.category, verdict.status], [outcome, category, status]);
    assert.equal(verdict.reply, reply);
  });

const others: Readonly<
  Record<string, [Parameters<typeof classify>[0], outcome: string, category: string, status: string]>
> = {
  taken: [{ kind: 'taken', reply: '250 2.6.0 queued', notifies: true }, 'delivered', 'accepted', '2.6.0'],
  'taken without an enhanced code': [
    { kind: 'taken', reply: '250 ok', notifies: true },
    'delivered',
    'accepted',
    '2.0.0',
  ],
  unreachable: [{ kind: 'unreachable', detail: 'ECONNREFUSED' }, 'deferred', 'network', '4.4.1'],
  'lost before the dot': [{ kind: 'lost', dotSent: false, detail: 'ECONNRESET' }, 'deferred', 'network', '4.4.2'],
  'lost after the dot': [{ kind: 'lost', dotSent: true, detail: 'ECONNRESET' }, 'deferred', 'network', '4.4.2'],
  'TLS not offered': [{ kind: 'no-tls' }, 'deferred', 'tls', '4.7.4'],
  'TLS failed': [{ kind: 'tls-failed', detail: 'x' }, 'deferred', 'tls', '4.7.5'],
  'no 8BITMIME': [{ kind: 'unfit', lacks: '8BITMIME' }, 'bounced', 'message', '5.6.3'],
  'no SMTPUTF8': [{ kind: 'unfit', lacks: 'SMTPUTF8' }, 'bounced', 'message', '5.6.7'],
  'too big for the peer': [{ kind: 'unfit', lacks: 'SIZE' }, 'bounced', 'message', '5.3.4'],
  NXDOMAIN: [{ kind: 'no-such-domain' }, 'bounced', 'dns', '5.1.2'],
  'null MX': [{ kind: 'null-mx' }, 'bounced', 'dns', '5.1.10'],
  SERVFAIL: [{ kind: 'dns-unavailable', detail: 'ESERVFAIL' }, 'deferred', 'dns', '4.4.3'],
  'a private address': [{ kind: 'address-refused' }, 'deferred', 'address-guard', '4.4.4'],
  'no route': [{ kind: 'no-route' }, 'deferred', 'configuration', '4.4.4'],
  'the domain is gone': [{ kind: 'domain-gone' }, 'deferred', 'configuration', '4.3.5'],
  'too old': [{ kind: 'too-old' }, 'expired', 'age', '4.4.7'],
};
for (const [name, [fact, outcome, category, status]] of Object.entries(others))
  test(name, () => {
    const verdict = classify(fact);
    assert.deepEqual([verdict.outcome, verdict.category, verdict.status], [outcome, category, status]);
  });

test('any reply at any stage gives one result that fits the contract, and its class fits the outcome', () => {
  const stage = fc.constantFrom<Stage>('greeting', 'hello', 'auth', 'mail', 'rcpt', 'data', 'dot');
  const part = fc.integer({ min: 0, max: 1200 });
  const coded = fc
    .tuple(part, fc.constantFrom(' ', '-', ''), part, part, part)
    .map(([code, gap, a, b, c]) => `${code}${gap}${a}.${b}.${c} text`);
  fc.assert(
    fc.property(stage, fc.oneof(coded, fc.string()), (at, reply) => {
      const verdict = classify({ kind: 'refused', stage: at, reply });
      const { outcome, category, status, code } = verdict;
      const result = { n: 0, outcome, category, status, ...(code === undefined ? {} : { code }) };
      assert.ok(recipientResultSchema.safeParse(result).success, JSON.stringify(result));
      assert.equal(status[0], outcome === 'bounced' ? '5' : '4');
      assert.notEqual(outcome, 'delivered'); // a refusal is never taken for success
      assert.ok(attemptOutcomes.includes(outcome) && outcomeCategories.includes(category));
    }),
    { numRuns: 1000 },
  );
});

test('the next hop is asked only where nothing of the mail can have been judged or taken', () => {
  const asks: Parameters<typeof isHopsFault>[0][] = [
    { kind: 'unreachable', detail: 'x' },
    { kind: 'no-tls' },
    { kind: 'tls-failed', detail: 'x' },
    { kind: 'lost', dotSent: false, detail: 'x' },
    { kind: 'refused', stage: 'greeting', reply: '554 no' },
    { kind: 'refused', stage: 'auth', reply: '535 no' },
    { kind: 'refused', stage: 'rcpt', reply: '421 closing' },
    { kind: 'no-address' },
    { kind: 'address-refused' },
  ];
  const stays: Parameters<typeof isHopsFault>[0][] = [
    { kind: 'taken', reply: '250 ok', notifies: true },
    { kind: 'lost', dotSent: true, detail: 'x' },
    { kind: 'refused', stage: 'rcpt', reply: '550 no' },
    { kind: 'refused', stage: 'mail', reply: '451 later' },
    { kind: 'refused', stage: 'dot', reply: '421 closing' },
    { kind: 'unfit', lacks: 'SIZE' },
    { kind: 'interrupted' },
    { kind: 'no-such-domain' },
  ];
  for (const fact of asks) assert.equal(isHopsFault(fact), true, JSON.stringify(fact));
  for (const fact of stays) assert.equal(isHopsFault(fact), false, JSON.stringify(fact));
});

test('what a peer without DSN takes is relayed, as far as anybody will hear', () => {
  assert.equal(classify({ kind: 'taken', reply: '250 ok', notifies: false }).relayed, true);
  assert.equal(classify({ kind: 'taken', reply: '250 ok', notifies: true }).relayed, undefined);
});

test('a destination was reached where a host of it replied, and not where none could be used', () => {
  const reach = (...facts: readonly Parameters<typeof classify>[0][]) => reachOf(facts.map(classify));
  const unreachable = { kind: 'unreachable', detail: 'x' } as const;
  const tooOld = { kind: 'too-old' } as const;
  assert.equal(reach({ kind: 'taken', reply: '250 ok', notifies: true }), 'answered');
  assert.equal(reach({ kind: 'refused', stage: 'rcpt', reply: '550 no' }, unreachable), 'answered');
  assert.equal(reach({ kind: 'refused', stage: 'greeting', reply: '421 busy' }), 'answered');
  assert.equal(reach(unreachable, { kind: 'dns-unavailable', detail: 'x' }), 'unreached');
  assert.equal(reach(unreachable, tooOld), 'unasked');
  assert.equal(reach(tooOld), 'unasked');
  assert.equal(reach({ kind: 'no-such-domain' }), 'unasked');
  assert.equal(reach(), 'unasked');
});
