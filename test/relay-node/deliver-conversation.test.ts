// One conversation with a next hop that behaves and misbehaves: what is sent, what is never sent, and which fact each recipient gets.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  openSession,
  standardDeadlines,
  type Deadlines,
  type Opened,
  type OutgoingMail,
  type Sent,
} from '../../relay-node/src/delivery/smtp-client.ts';
import type { Hop } from '../../relay-node/src/routing/next-hops.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { quickDeadlines } from '../harness/deadlines.ts';
import {
  drop,
  halfAServerHello,
  hang,
  reset,
  startPeer,
  usualOffers,
  type Action,
  type PeerOptions,
  type ScriptedPeer,
} from '../harness/scripted-peer.ts';

const authority = makeAuthority();
const good = authority.issue('mx.test');
const other = authority.issue('elsewhere.test');
const auth = { username: 'relay', password: 'secret-word' };

type Setting = PeerOptions & {
  readonly hop?: Partial<Hop>;
  readonly deadlines?: Deadlines;
  readonly signal?: AbortSignal;
};

async function meet(t: TestContext, setting: Setting): Promise<{ peer: ScriptedPeer; opened: Opened }> {
  const peer = await startPeer(setting);
  t.after(() => peer.goAway());
  const hop: Hop = {
    host: 'mx.test',
    port: peer.port,
    implicitTls: false,
    tls: 'Opportunistic',
    floor: '1.2',
    ...setting.hop,
  };
  const { deadlines = quickDeadlines, signal = new AbortController().signal } = setting;
  return { peer, opened: await openSession({ hop, address: '127.0.0.1', helloName: 'relay.test', deadlines, signal }) };
}

const text = Buffer.from('Subject: x\r\n\r\n.dot first\r\nlast\r\n');
const mail = (changes: Partial<OutgoingMail> = {}): OutgoingMail => ({
  sender: 'from@example.com',
  recipients: [{ address: 'one@to.test' }],
  pieces: [Buffer.from('X-First: piece\r\n'), text],
  eightBit: false,
  smtputf8: false,
  ...changes,
});

async function deliver(
  t: TestContext,
  setting: Setting,
  outgoing = mail(),
): Promise<{ peer: ScriptedPeer; sent: Sent }> {
  const { peer, opened } = await meet(t, setting);
  assert.ok(opened.ok, JSON.stringify(opened));
  const sent = await opened.session.send(outgoing);
  opened.session.quit();
  return { peer, sent };
}

async function refusedAtOpening(t: TestContext, setting: Setting) {
  const { peer, opened } = await meet(t, setting);
  assert.ok(!opened.ok);
  return { peer, fact: opened.fact };
}

test('a mail arrives byte for byte, pieces joined and dots undone', async (t) => {
  const { peer, sent } = await deliver(t, {});
  assert.deepEqual(sent, {
    facts: [{ kind: 'taken', reply: '250 2.0.0 taken', notifies: true }],
    begun: true,
    reusable: true,
  });
  const [received] = await peer.mail(1);
  assert.equal(received?.raw.toString(), `X-First: piece\r\n${text.toString()}`);
  assert.equal(received?.from, 'from@example.com');
});

test('several mails travel over one session', async (t) => {
  const { peer, opened } = await meet(t, {});
  assert.ok(opened.ok);
  for (let i = 0; i < 3; i++) assert.equal((await opened.session.send(mail())).facts[0]?.kind, 'taken');
  assert.equal((await peer.mail(3)).length, 3);
  assert.equal(peer.sessions.length, 1);
});

test('the null sender and the size are said', async (t) => {
  const { peer } = await deliver(t, {}, mail({ sender: '' }));
  assert.ok(peer.sessions[0]?.commands.includes(`MAIL FROM:<> SIZE=${16 + text.length}`));
});

test('each recipient has a fact of its own', async (t) => {
  const script = {
    RCPT: (line: string) =>
      line.includes('gone') ? '550 5.1.1 no such user' : line.includes('full') ? '452 4.2.2 full' : undefined,
  };
  const recipients = ['one@to.test', 'gone@to.test', 'full@to.test'].map((address) => ({ address }));
  for (const offers of [usualOffers, []]) {
    const { sent } = await deliver(t, { script, offers }, mail({ recipients }));
    assert.deepEqual(sent.facts, [
      { kind: 'taken', reply: '250 2.0.0 taken', notifies: offers.includes('DSN') },
      { kind: 'refused', stage: 'rcpt', reply: '550 5.1.1 no such user' },
      { kind: 'refused', stage: 'rcpt', reply: '452 4.2.2 full' },
    ]);
  }
});

test('a recipient’s refusal stays its own when the message is refused too', async (t) => {
  const script = {
    RCPT: (line: string) => (line.includes('gone') ? '550 5.1.1 no' : undefined),
    DOT: () => '554 5.7.1 spam',
  };
  const { sent } = await deliver(
    t,
    { script },
    mail({ recipients: [{ address: 'a@to.test' }, { address: 'gone@to.test' }] }),
  );
  assert.deepEqual(sent.facts, [
    { kind: 'refused', stage: 'dot', reply: '554 5.7.1 spam' },
    { kind: 'refused', stage: 'rcpt', reply: '550 5.1.1 no' },
  ]);
  assert.equal(sent.reusable, false);
});

test('a session lives on after every recipient was refused, and a new transaction begins', async (t) => {
  for (const offers of [usualOffers, []]) {
    const { peer, opened } = await meet(t, { offers, script: { RCPT: () => '550 5.1.1 no' } });
    assert.ok(opened.ok);
    assert.equal((await opened.session.send(mail())).reusable, true);
    peer.script = {};
    assert.equal((await opened.session.send(mail())).facts[0]?.kind, 'taken');
    assert.ok(peer.sessions[0]?.commands.includes('RSET'));
  }
});

const refusals = {
  MAIL: ['451 4.7.1 greylisted', 'mail'],
  DATA: ['451 4.3.0 busy', 'data'],
  DOT: ['552 5.3.4 too big', 'dot'],
} as const;
for (const [point, [reply, stage]] of Object.entries(refusals))
  test(`a refusal at ${point} is told with its stage, pipelined or not`, async (t) => {
    for (const offers of [usualOffers, []]) {
      const { sent } = await deliver(t, { offers, script: { [point]: () => reply } });
      assert.deepEqual(sent.facts, [{ kind: 'refused', stage, reply }]);
    }
  });

for (const point of ['MAIL', 'RCPT', 'DATA', 'DOT'] as const)
  test(`421 at ${point} closes the session and is told`, async (t) => {
    for (const offers of [usualOffers, []]) {
      const { sent } = await deliver(t, {
        offers,
        script: { [point]: () => ({ reply: '421 4.3.2 closing', after: 'close' }) },
      });
      const [fact] = sent.facts;
      assert.ok(fact?.kind === 'refused' && fact.reply === '421 4.3.2 closing', JSON.stringify(fact));
      assert.equal(sent.reusable, false);
      assert.equal(sent.begun, point === 'DOT');
    }
  });

for (const [action, instead] of Object.entries({ drop, reset })) {
  for (const point of ['MAIL', 'RCPT', 'DATA'] as const)
    test(`${action} at ${point}: lost, nothing of the message left`, async (t) => {
      const { sent } = await deliver(t, { script: { [point]: () => instead } });
      const [fact] = sent.facts;
      assert.ok(fact?.kind === 'lost' && !fact.dotSent && !sent.begun && !sent.reusable, JSON.stringify(sent));
    });
  test(`${action} after the dot: lost, and it may have arrived`, async (t) => {
    const { sent } = await deliver(t, { script: { DOT: () => instead } });
    const [fact] = sent.facts;
    assert.ok(fact?.kind === 'lost' && fact.dotSent, JSON.stringify(sent));
  });
  test(`${action} in the middle of a large message: lost before the dot`, async (t) => {
    const large = mail({
      pieces: [Buffer.alloc(8_000_000, 'a line of sixty characters or so, for a large message......\r\n')],
    });
    const { sent } = await deliver(t, { script: { BODY: () => instead } }, large);
    const [fact] = sent.facts;
    assert.ok(fact?.kind === 'lost' && !fact.dotSent && sent.begun, JSON.stringify(sent));
  });
}

/** Takes ten seconds and more than any deadline here. */
const dripping = (code: number) => ({ reply: `${code} ${'x'.repeat(500)}`, dripMs: 20 });

for (const point of ['MAIL', 'RCPT', 'DATA', 'DOT'] as const) {
  test(`silence at ${point} ends at the deadline`, async (t) => {
    const { sent } = await deliver(t, { script: { [point]: () => hang } });
    assert.deepEqual(sent.facts, [{ kind: 'lost', dotSent: point === 'DOT', detail: 'ETIMEDOUT' }]);
  });
  test(`a reply at ${point} that drips does not extend the deadline`, async (t) => {
    const { sent } = await deliver(t, { script: { [point]: () => dripping(250) } });
    assert.deepEqual(sent.facts, [{ kind: 'lost', dotSent: point === 'DOT', detail: 'ETIMEDOUT' }]);
  });
}

test('the final dot has time of its own: a peer may think for longer than the envelope may take', async (t) => {
  const deadlines = { ...quickDeadlines, finalMs: 5_000 };
  const slow = { reply: '250 2.0.0 taken after some thought', dripMs: 30 }; // about twice envelopeMs
  const { sent } = await deliver(t, { deadlines, script: { DOT: () => slow } });
  assert.equal(sent.facts[0]?.kind, 'taken', JSON.stringify(sent));
});

test('an answer before the end of the message is no answer to the message', async (t) => {
  const large = mail({
    pieces: [Buffer.alloc(8_000_000, 'a line of sixty characters or so, for a large message......\r\n')],
  });
  const { sent } = await deliver(t, { script: { BODY: () => '250 2.0.0 already' } }, large);
  assert.ok(sent.facts[0]?.kind === 'lost' && !sent.reusable);
});

const openings: Readonly<Record<string, [Setting, object]>> = {
  'a greeting that refuses': [
    { script: { CONNECT: () => '554 5.7.1 go away' } },
    { kind: 'refused', stage: 'greeting', reply: '554 5.7.1 go away' },
  ],
  'a greeting of 421': [
    { script: { CONNECT: () => '421 4.3.2 later' } },
    { kind: 'refused', stage: 'greeting', reply: '421 4.3.2 later' },
  ],
  'no greeting': [{ script: { CONNECT: () => hang } }, { kind: 'lost', dotSent: false, detail: 'ETIMEDOUT' }],
  'a greeting that drips': [
    { script: { CONNECT: () => dripping(220) } },
    { kind: 'lost', dotSent: false, detail: 'ETIMEDOUT' },
  ],
  'an EHLO answered in a drip': [
    { script: { EHLO: () => dripping(250) } },
    { kind: 'lost', dotSent: false, detail: 'ETIMEDOUT' },
  ],
  'a STARTTLS answered in a drip': [
    { tls: good, script: { STARTTLS: () => dripping(220) } },
    { kind: 'lost', dotSent: false, detail: 'ETIMEDOUT' },
  ],
  'a login answered in a drip': [
    {
      tls: good,
      offers: ['AUTH PLAIN'],
      script: { AUTH: () => dripping(235) },
      hop: { tls: 'Require', ca: authority.ca, auth },
    },
    { kind: 'lost', dotSent: false, detail: 'ETIMEDOUT' },
  ],
  ...Object.fromEntries(
    ['150 wait', '354 go ahead', '999 what now', 'leave me alone'].map((reply) => [
      `EHLO and HELO answered with ${reply}`,
      [{ script: { EHLO: () => reply, HELO: () => reply } }, { kind: 'refused', stage: 'hello', reply }],
    ]),
  ),
  'a connection closed at once': [
    { script: { CONNECT: () => drop } },
    { kind: 'lost', dotSent: false, detail: 'ECONNECTION' },
  ],
  'not SMTP at all': [
    { script: { CONNECT: () => 'HTTP/1.1 400 Bad Request' } },
    { kind: 'refused', stage: 'greeting', reply: 'HTTP/1.1 400 Bad Request' },
  ],
  'EHLO and HELO refused': [
    { script: { EHLO: () => '550 no', HELO: () => '550 5.7.1 no' } },
    { kind: 'refused', stage: 'hello', reply: '550 5.7.1 no' },
  ],
};
for (const [name, [setting, fact]] of Object.entries(openings))
  test(`opening: ${name}`, async (t) => assert.deepEqual((await refusedAtOpening(t, setting)).fact, fact));

test('a peer that knows only HELO is spoken to without extensions', async (t) => {
  for (const answer of ['500 what?', '150 wait', '354 go ahead', '999 what now', 'leave me alone']) {
    const script = { EHLO: () => answer };
    const { peer } = await deliver(t, { script });
    assert.ok(peer.sessions[0]?.commands.includes('MAIL FROM:<from@example.com>'));
    const { peer: asked, fact } = await refusedAtOpening(t, { tls: good, script, hop: { tls: 'Require' } });
    assert.deepEqual(fact, { kind: 'refused', stage: 'hello', reply: answer }, 'HELO has no STARTTLS');
    assert.doesNotMatch(asked.sessions[0]?.clear ?? '', /MAIL/);
  }
});

test('nobody listening', async () => {
  const peer = await startPeer();
  await peer.goAway();
  const hop: Hop = { host: 'mx.test', port: peer.port, implicitTls: false, tls: 'Require', floor: '1.2' };
  const signal = new AbortController().signal;
  const opened = await openSession({
    hop,
    address: '127.0.0.1',
    helloName: 'relay.test',
    deadlines: quickDeadlines,
    signal,
  });
  assert.deepEqual(opened, { ok: false, fact: { kind: 'unreachable', detail: 'ECONNREFUSED' } });
});

// TLS

test('Require: with STARTTLS stripped nothing but EHLO and STARTTLS is ever said in clear', async (t) => {
  for (const tls of ['Require', 'Verify'] as const) {
    const { peer, fact } = await refusedAtOpening(t, { hop: { tls } });
    assert.deepEqual(fact, { kind: 'no-tls' });
    assert.deepEqual(
      peer.sessions.map(({ clear }) => clear),
      ['EHLO relay.test\r\nSTARTTLS\r\n'],
    );
  }
});

test('Require: 454 to STARTTLS is no TLS', async (t) => {
  const { fact } = await refusedAtOpening(t, {
    tls: good,
    hop: { tls: 'Require' },
    script: { STARTTLS: () => '454 4.7.0 not now' },
  });
  assert.deepEqual(fact, { kind: 'no-tls' });
});

test('Require encrypts and does not ask whose certificate it is; Verify does', async (t) => {
  const { peer } = await deliver(t, { tls: other, hop: { tls: 'Require' } });
  assert.match((await peer.mail(1))[0]?.tls ?? '', /^TLSv1\.[23]$/);
  assert.doesNotMatch(peer.sessions[0]?.clear ?? '', /MAIL/);
  await deliver(t, { tls: good, hop: { tls: 'Verify', ca: authority.ca } });
  const wrongName = await refusedAtOpening(t, { tls: other, hop: { tls: 'Verify', ca: authority.ca } });
  assert.deepEqual(wrongName.fact, { kind: 'tls-failed', detail: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  const unknownAuthority = await refusedAtOpening(t, { tls: good, hop: { tls: 'Verify' } });
  assert.equal(unknownAuthority.fact.kind, 'tls-failed');
  for (const { peer: asked } of [wrongName, unknownAuthority])
    assert.doesNotMatch(asked.sessions.map(({ clear }) => clear).join(), /MAIL/);
});

test('implicit TLS: the first byte is TLS, and certificates are judged the same way', async (t) => {
  const implicit = { ...good, implicit: true };
  const hop = { implicitTls: true, ca: authority.ca };
  for (const tls of ['Opportunistic', 'Require', 'Verify'] as const) {
    const { peer } = await deliver(t, { tls: implicit, hop: { ...hop, tls } });
    assert.equal(peer.sessions[0]?.clear, '');
  }
  const { fact } = await refusedAtOpening(t, { tls: { ...other, implicit: true }, hop: { ...hop, tls: 'Verify' } });
  assert.equal(fact.kind, 'tls-failed');
  const plain = await refusedAtOpening(t, { hop: { ...hop, tls: 'Opportunistic' } });
  assert.equal(plain.fact.kind, 'tls-failed');
  assert.equal(plain.peer.sessions.length, 1); // there is no clear way back
});

test('the floor holds: a peer that only speaks TLS 1.2 is refused at 1.3', async (t) => {
  const tls = { ...good, maxVersion: 'TLSv1.2' as const };
  assert.equal((await refusedAtOpening(t, { tls, hop: { tls: 'Require', floor: '1.3' } })).fact.kind, 'tls-failed');
  const { peer } = await deliver(t, { tls, hop: { tls: 'Require', floor: '1.2' } });
  assert.equal((await peer.mail(1))[0]?.tls, 'TLSv1.2');
});

test('Opportunistic uses TLS if it can, and goes on in clear if it cannot', async (t) => {
  assert.notEqual((await (await deliver(t, { tls: other })).peer.mail(1))[0]?.tls, null);
  assert.equal((await (await deliver(t, {})).peer.mail(1))[0]?.tls, null);
  const refused = await deliver(t, { tls: good, script: { STARTTLS: () => '454 4.7.0 not now' } });
  assert.equal((await refused.peer.mail(1))[0]?.tls, null);
  const broken = await deliver(t, { tls: { ...good, maxVersion: 'TLSv1.2' }, hop: { floor: '1.3' } });
  assert.equal((await broken.peer.mail(1))[0]?.tls, null);
});

const brokenHandshakes: Readonly<Record<string, Action>> = {
  'answered with other words': 'no TLS here',
  'reset within the handshake': { reply: halfAServerHello, after: 'reset' },
  'closed within the handshake': drop,
  'never answered': hang,
};
for (const [how, action] of Object.entries(brokenHandshakes))
  test(`TLS ${how}: Opportunistic goes on in clear over another connection, all others do not`, async (t) => {
    const script = { HANDSHAKE: () => action };
    const { peer } = await deliver(t, { tls: good, script });
    assert.equal((await peer.mail(1))[0]?.tls, null);
    const [first, second] = peer.sessions.map(({ commands }) => commands);
    assert.equal(peer.sessions.length, 2);
    assert.deepEqual(first, ['EHLO relay.test', 'STARTTLS']);
    assert.ok(!second?.includes('STARTTLS'), 'it is not tried twice');
    for (const hop of [{ tls: 'Require' }, { tls: 'Verify' }, { tls: 'Opportunistic', auth }] as const) {
      const { peer: asked, fact } = await refusedAtOpening(t, { tls: good, script, hop });
      assert.equal(fact.kind, 'tls-failed');
      assert.equal(asked.sessions.length, 1);
    }
  });

test('what a peer says in clear after its 220 is not believed', async (t) => {
  const script = { STARTTLS: () => '220 2.0.0 go ahead\r\n250-peer.test\r\n250 SIZE 1' };
  const { opened } = await meet(t, { tls: good, hop: { tls: 'Require' }, script });
  if (opened.ok) assert.equal((await opened.session.send(mail())).facts[0]?.kind, 'taken');
});

// authentication

const plainLogin = `AUTH PLAIN ${Buffer.from('\0relay\0secret-word').toString('base64')}`;

test('credentials are given under TLS', async (t) => {
  const { peer } = await deliver(t, {
    tls: good,
    offers: [...usualOffers, 'AUTH PLAIN LOGIN'],
    hop: { tls: 'Require', ca: authority.ca, auth },
  });
  const [session] = peer.sessions;
  assert.ok(session !== undefined && session.commands.includes(plainLogin));
  assert.doesNotMatch(session.clear, /AUTH/);
  assert.ok(session.commands.some((line) => line.includes('SIZE='))); // the login's reply has not taken the place of EHLO's
});

test('without TLS credentials stay home, also where TLS is only opportunistic', async (t) => {
  for (const setting of [{}, { tls: good, script: { STARTTLS: () => '454 4.7.0 not now' } }]) {
    const { peer, fact } = await refusedAtOpening(t, {
      ...setting,
      offers: [...usualOffers, 'AUTH PLAIN'],
      hop: { auth },
    });
    assert.deepEqual(fact, { kind: 'no-tls' });
    assert.doesNotMatch(peer.sessions.map(({ commands }) => commands.join()).join(), /AUTH|MAIL/);
  }
});

for (const implicitTls of [false, true])
  for (const tls of ['Opportunistic', 'Require', 'Verify'] as const)
    test(`credentials are not given to a server that cannot prove its name: ${tls}, TLS ${implicitTls ? 'at once' : 'by STARTTLS'}`, async (t) => {
      for (const [key, ca] of [
        [other, authority.ca],
        [good, undefined],
      ] as const) {
        const { peer, fact } = await refusedAtOpening(t, {
          offers: [...usualOffers, 'AUTH PLAIN LOGIN'],
          tls: { ...key, implicit: implicitTls },
          hop: { tls, implicitTls, auth, ...(ca && { ca }) },
        });
        assert.equal(fact.kind, 'tls-failed');
        assert.doesNotMatch(peer.sessions.map(({ commands }) => commands.join()).join(), /AUTH|MAIL/);
      }
    });

test('refused credentials are told', async (t) => {
  const script = { AUTH: () => '535 5.7.8 wrong' };
  const { fact } = await refusedAtOpening(t, {
    tls: good,
    offers: ['AUTH PLAIN'],
    script,
    hop: { tls: 'Require', ca: authority.ca, auth },
  });
  assert.deepEqual(fact, { kind: 'refused', stage: 'auth', reply: '535 5.7.8 wrong' });
});

// honesty about extensions

const unfit: Readonly<Record<string, [Partial<OutgoingMail>, string[], string]>> = {
  'an 8-bit message for a peer without 8BITMIME': [{ eightBit: true }, ['SMTPUTF8'], '8BITMIME'],
  'an internationalized message for a peer without SMTPUTF8': [{ smtputf8: true }, ['8BITMIME'], 'SMTPUTF8'],
  'a message over the peer’s SIZE': [{}, ['SIZE 20'], 'SIZE'],
};
for (const [name, [changes, offers, lacks]] of Object.entries(unfit))
  test(`nothing is sent: ${name}`, async (t) => {
    const { peer, sent } = await deliver(t, { offers }, mail(changes));
    assert.deepEqual(sent.facts, [{ kind: 'unfit', lacks }]);
    assert.doesNotMatch(peer.sessions[0]?.clear ?? '', /MAIL/);
  });

test('8-bit and internationalized content is announced, also when all addresses are ASCII', async (t) => {
  for (const sender of ['from@example.com', 'zoë@example.com']) {
    const { peer } = await deliver(t, {}, mail({ sender, eightBit: true, smtputf8: true }));
    const command = peer.sessions[0]?.commands.find((line) => line.startsWith('MAIL'));
    assert.equal(command?.match(/SMTPUTF8/g)?.length, 1, command);
    assert.match(command ?? '', /BODY=8BITMIME/);
  }
});

test('a peer with DSN is told each recipient’s wishes, one without is not', async (t) => {
  const wishes = mail({
    ret: 'HDRS',
    envid: 'QQ+2B1',
    recipients: [
      { address: 'a@to.test', notify: ['NEVER'] },
      { address: 'b@to.test', notify: ['SUCCESS', 'FAILURE'], orcpt: 'rfc822;b+2Bx@to.test' },
      { address: 'c@to.test' },
    ],
  });
  const told = (await deliver(t, {}, wishes)).peer.sessions[0]?.commands ?? [];
  assert.match(told.find((line) => line.startsWith('MAIL')) ?? '', / RET=HDRS ENVID=QQ\+2B1$/);
  assert.deepEqual(
    told.filter((line) => line.startsWith('RCPT')),
    [
      'RCPT TO:<a@to.test> NOTIFY=NEVER',
      'RCPT TO:<b@to.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bx@to.test',
      'RCPT TO:<c@to.test>',
    ],
  );
  const untold = (await deliver(t, { offers: ['PIPELINING'] }, wishes)).peer.sessions[0]?.commands.join() ?? '';
  assert.doesNotMatch(untold, /RET=|ENVID=|NOTIFY=|ORCPT=/);
});

test('a line end in an address or parameter never reaches the wire', async (t) => {
  const recipients = [{ address: 'a@to.test>\r\nRCPT TO:<c@to.test', orcpt: 'rfc822;x\r\nRSET' }];
  const { peer, sent } = await deliver(t, {}, mail({ recipients, envid: 'x\r\nRSET' }));
  assert.equal(sent.facts[0]?.kind, 'unsendable');
  assert.doesNotMatch(peer.sessions[0]?.clear ?? '', /RCPT|RSET/);
});

test('stopping ends a conversation at once', async (t) => {
  const stop = new AbortController();
  const { opened } = await meet(t, {
    deadlines: standardDeadlines,
    signal: stop.signal,
    script: { MAIL: () => hang },
  });
  assert.ok(opened.ok);
  const sending = opened.session.send(mail());
  stop.abort();
  assert.deepEqual((await sending).facts, [{ kind: 'interrupted' }]);
});
