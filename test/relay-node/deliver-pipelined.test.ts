// The mail transaction octet by octet: what travels together, what is never sent, and what becomes of replies that come too early,
// too many, broken or not at all.
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openSession, type Deadlines, type OutgoingMail } from '../../relay-node/src/delivery/smtp-client.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { quickDeadlines } from '../harness/deadlines.ts';
import { ehloReply, startRawPeer, type RawConversation } from '../harness/raw-peer.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const patient: Deadlines = { ...quickDeadlines, envelopeMs: 10_000, blockMs: 10_000, finalMs: 10_000 };

type Options = { readonly deadlines?: Deadlines; readonly signal?: AbortSignal; readonly ehlo?: string };

async function opening(t: TestContext, port: number, { deadlines = patient, signal }: Options = {}) {
  const hop = { host: 'mx.test', port, implicitTls: false, tls: 'Opportunistic', floor: '1.2' } as const;
  return openSession({
    hop,
    address: '127.0.0.1',
    helloName: 'relay.test',
    deadlines,
    signal: signal ?? t.signal,
  });
}

async function meet(t: TestContext, script: (peer: RawConversation) => Promise<void>, options: Options = {}) {
  const peer = await startRawPeer(t, script, options.ehlo);
  const opened = await opening(t, peer.port, options);
  assert.ok(opened.ok, JSON.stringify(opened));
  return { session: opened.session, peer };
}

const text = 'Subject: x\r\n\r\nhello\r\n';
const mail = (changes: Partial<OutgoingMail> = {}): OutgoingMail => ({
  sender: 'from@example.com',
  recipients: [{ address: 'a@to.test' }, { address: 'b@to.test' }],
  pieces: [Buffer.from('X-First: piece\r\n'), Buffer.from(text)],
  eightBit: false,
  smtputf8: false,
  ...changes,
});
const large = mail({
  pieces: [Buffer.from('X-First: piece\r\n'), Buffer.alloc(8_000_000, '.a line with a dot ahead\r\n')],
});

/** Answers a whole envelope with a message to follow. */
async function grant({ heard, say }: RawConversation): Promise<void> {
  await heard('DATA\r\n');
  say('250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n');
}

test('MAIL, every RCPT and DATA leave before any reply, then message and dot together', async (t) => {
  const { session, peer } = await meet(t, async ({ socket, heard, say, waiting, rest }) => {
    assert.equal(
      await heard('DATA\r\n'),
      'MAIL FROM:<from@example.com> SIZE=37\r\nRCPT TO:<a@to.test>\r\nRCPT TO:<b@to.test>\r\nDATA\r\n',
    );
    assert.equal(waiting(), ''); // DATA is the last of its group
    say('250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n');
    await once(socket, 'data');
    assert.equal(await heard('\r\n.\r\n'), `X-First: piece\r\n${text}.\r\n`);
    say('250 taken\r\n');
    assert.equal(await heard('\r\n'), 'QUIT\r\n');
    say('221 bye\r\n');
    assert.equal(await rest(), '');
  });
  const sent = await session.send(mail());
  const taken = { kind: 'taken', reply: '250 taken', notifies: false };
  assert.deepEqual(sent, { facts: [taken, taken], begun: true, reusable: true });
  session.quit();
  assert.equal(session.isOpen(), false);
  await peer.done;
});

test('without PIPELINING each command waits for the reply to the one before', async (t) => {
  const heardAlone: string[] = [];
  const { session, peer } = await meet(
    t,
    async ({ heard, say, waiting }) => {
      for (const reply of ['250 ok', '550 5.1.1 no', '250 ok', '354 go']) {
        heardAlone.push(await heard('\r\n'));
        await delay(20);
        assert.equal(waiting(), '');
        say(`${reply}\r\n`);
      }
      await heard('\r\n.\r\n');
      say('250 taken\r\n');
    },
    { ehlo: '250 peer.test\r\n' },
  );
  const { facts } = await session.send(mail());
  assert.deepEqual(heardAlone, [
    'MAIL FROM:<from@example.com>\r\n',
    'RCPT TO:<a@to.test>\r\n',
    'RCPT TO:<b@to.test>\r\n',
    'DATA\r\n',
  ]);
  assert.deepEqual(
    facts.map(({ kind }) => kind),
    ['refused', 'taken'],
  );
  await peer.done;
});

test('nobody was taken and DATA is granted all the same: a lone dot, and the session is left', async (t) => {
  const { session, peer } = await meet(t, async ({ heard, say, rest }) => {
    await heard('DATA\r\n');
    say('250 ok\r\n550 5.1.1 no\r\n450 4.2.1 later\r\n354 go\r\n');
    assert.equal(await heard('\r\n'), '.\r\n');
    say('250 an empty message for nobody\r\n');
    assert.equal(await rest(), 'QUIT\r\n');
  });
  assert.deepEqual(await session.send(mail()), {
    facts: [
      { kind: 'refused', stage: 'rcpt', reply: '550 5.1.1 no' },
      { kind: 'refused', stage: 'rcpt', reply: '450 4.2.1 later' },
    ],
    begun: false,
    reusable: false,
  });
  await peer.done;
});

test('the sender was refused, a recipient taken, DATA granted: not even a dot', async (t) => {
  const { session, peer } = await meet(t, async ({ heard, say, rest }) => {
    await heard('DATA\r\n');
    say('550 5.7.1 no\r\n250 ok\r\n503 5.5.1 MAIL first\r\n354 go\r\n');
    assert.equal(await rest(), '');
  });
  const { facts, reusable } = await session.send(mail());
  const refused = { kind: 'refused', stage: 'mail', reply: '550 5.7.1 no' };
  assert.deepEqual([facts, reusable], [[refused, refused], false]);
  await peer.done;
});

test('a refused envelope is reset, and the session carries the next mail', async (t) => {
  const greylisting = async (conversation: RawConversation) => {
    await conversation.heard('DATA\r\n');
    conversation.say('451 4.7.1 greylisted\r\n503 5.5.1 no MAIL\r\n503 5.5.1 no MAIL\r\n503 5.5.1 no RCPT\r\n');
    assert.equal(await conversation.heard('\r\n'), 'RSET\r\n');
    conversation.say('250 ok\r\n');
    await grant(conversation);
    await conversation.heard('\r\n.\r\n');
    conversation.say('250 taken\r\n');
  };
  const { session, peer } = await meet(t, greylisting, { deadlines: { ...patient, greetingMs: 200 } });
  const first = await session.send(mail());
  assert.deepEqual(
    first.facts.map((fact) => fact.kind === 'refused' && fact.stage),
    ['mail', 'mail'],
  );
  assert.equal(first.reusable, true);
  await delay(250); // RSET's own deadline is over with its answer
  assert.equal((await session.send(mail())).facts[0]?.kind, 'taken');
  await peer.done;
});

test('silence after RSET holds up no verdict for longer than a greeting may take', { timeout: 5_000 }, async (t) => {
  const { session } = await meet(
    t,
    async ({ heard, say }) => {
      await heard('DATA\r\n');
      say('250 ok\r\n550 no\r\n550 no\r\n554 no\r\n');
    },
    { deadlines: { ...patient, greetingMs: 200 } },
  );
  const { facts, reusable } = await session.send(mail());
  assert.deepEqual([facts[0]?.kind, reusable, session.isOpen()], ['refused', false, false]);
});

test('a peer that refuses RSET is not used again', async (t) => {
  const { session } = await meet(t, async ({ heard, say }) => {
    await heard('DATA\r\n');
    say('250 ok\r\n550 no\r\n550 no\r\n554 no\r\n');
    await heard('RSET\r\n');
    say('502 what\r\n');
  });
  assert.equal((await session.send(mail())).reusable, false);
});

test('250 to DATA is no leave to send: the message would be read as commands', async (t) => {
  const { session, peer } = await meet(t, async ({ heard, say, rest }) => {
    await heard('DATA\r\n');
    say('250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n');
    assert.equal(await rest(), '');
  });
  const { facts, begun, reusable } = await session.send(mail());
  const refused = { kind: 'refused', stage: 'data', reply: '250 ok' };
  assert.deepEqual([facts, begun, reusable], [[refused, refused], false, false]);
  await peer.done;
});

for (const surplus of ['250 taken\r\n', '250 ta'])
  test(`an answer that comes with 354 (${JSON.stringify(surplus)}) is none: nothing of the message is sent`, async (t) => {
    const { session, peer } = await meet(t, async ({ heard, say, rest }) => {
      await heard('DATA\r\n');
      say(`250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n${surplus}`);
      assert.equal(await rest(), '');
    });
    const { facts, begun, reusable } = await session.send(mail());
    const lost = { kind: 'lost', dotSent: false, detail: 'EARLY_REPLY' };
    assert.deepEqual([facts, begun, reusable], [[lost, lost], false, false]);
    await peer.done;
  });

test('an answer that begins before the dot and ends later is none either', async (t) => {
  const { session, peer } = await meet(t, async (conversation) => {
    await grant(conversation);
    await once(conversation.socket, 'data');
    conversation.socket.pause();
    conversation.say('250 ta');
    await delay(100);
    conversation.socket.resume();
    await delay(200);
    conversation.say('ken\r\n');
    assert.doesNotMatch(await conversation.rest(), /\r\n\.\r\n/);
  });
  const { facts, begun, reusable } = await session.send(large);
  const lost = { kind: 'lost', dotSent: false, detail: 'EARLY_REPLY' };
  assert.deepEqual([facts, begun, reusable], [[lost, lost], true, false]);
  await peer.done;
});

test('a refusal in the middle of the message is told; no dot follows', async (t) => {
  const { session, peer } = await meet(t, async (conversation) => {
    await grant(conversation);
    await once(conversation.socket, 'data');
    conversation.say('552 5.3.4 too much\r\n');
    assert.doesNotMatch(await conversation.rest(), /\r\n\.\r\n|QUIT/);
  });
  const { facts, begun, reusable } = await session.send(large);
  const refused = { kind: 'refused', stage: 'data', reply: '552 5.3.4 too much' };
  assert.deepEqual([facts, begun, reusable], [[refused, refused], true, false]);
  await peer.done;
});

for (const more of ['250 and another\r\n', '421 bye\r\n', 'x'])
  test(`${JSON.stringify(more)} after the answer to the dot: taken, and the session is over`, async (t) => {
    const { session } = await meet(t, async (conversation) => {
      await grant(conversation);
      await conversation.heard('\r\n.\r\n');
      conversation.say(`250 taken\r\n${more}`);
    });
    const { facts, reusable } = await session.send(mail());
    assert.deepEqual([facts[0]?.kind, reusable, session.isOpen()], ['taken', false, false]);
  });

test('whatever a peer says between mails ends the session, and the next mail has not begun', async (t) => {
  const { session } = await meet(t, async (conversation) => {
    await grant(conversation);
    await conversation.heard('\r\n.\r\n');
    conversation.say('250 taken\r\n');
    await delay(50);
    conversation.say('421 4.4.2 idle for too long\r\n');
  });
  assert.equal((await session.send(mail())).reusable, true);
  await until('the session ends', () => !session.isOpen(), { withinMs: 2_000, everyMs: 5 });
  const { facts, begun, reusable } = await session.send(mail());
  assert.deepEqual([facts[0]?.kind, begun, reusable], ['lost', false, false]);
});

test('more than the answer to EHLO: no session', async (t) => {
  const peer = await startRawPeer(t, async () => undefined, `${ehloReply}250 ok\r\n250 o`);
  const opened = await opening(t, peer.port);
  assert.deepEqual(opened, { ok: false, fact: { kind: 'lost', dotSent: false, detail: 'EARLY_REPLY' } });
});

const broken = {
  'no reply': ['what?\r\n', 'BAD_REPLY'],
  'a reply without end': ['250-x\r\n'.repeat(20_000), 'LONG_REPLY'],
} as const;
for (const [name, [octets, detail]] of Object.entries(broken))
  test(`${name}: lost, before the dot or after it`, async (t) => {
    for (const dotSent of [false, true]) {
      const { session } = await meet(t, async (conversation) => {
        if (dotSent) {
          await grant(conversation);
          await conversation.heard('\r\n.\r\n');
        } else await conversation.heard('DATA\r\n');
        conversation.say(octets);
      });
      const { facts, reusable } = await session.send(mail());
      const lost = { kind: 'lost', dotSent, detail };
      assert.deepEqual([facts, reusable], [[lost, lost], false]);
    }
  });

for (const reply of ['354 go on', '150 wait'])
  test(`${reply} to the dot is no delivery`, async (t) => {
    const { session } = await meet(t, async (conversation) => {
      await grant(conversation);
      await conversation.heard('\r\n.\r\n');
      conversation.say(`${reply}\r\n`);
    });
    const { facts, reusable } = await session.send(mail());
    assert.deepEqual([facts[0], reusable], [{ kind: 'refused', stage: 'dot', reply }, false]);
  });

test('replies in single octets, several lines each, are read as they are meant', async (t) => {
  const drip = async ({ say }: RawConversation, octets: string) => {
    for (const octet of octets) {
      say(octet);
      await new Promise(setImmediate);
    }
  };
  const { session } = await meet(t, async (conversation) => {
    await conversation.heard('DATA\r\n');
    await drip(
      conversation,
      '250-2.1.0 so\r\n250 2.1.0 ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n250 ok\r\n354 go\r\n',
    );
    await conversation.heard('\r\n.\r\n');
    await drip(conversation, '250-2.0.0 taken\r\n250 2.0.0 as 17\r\n');
  });
  assert.deepEqual((await session.send(mail())).facts, [
    { kind: 'refused', stage: 'rcpt', reply: '550-5.1.1 no\n550 5.1.1 such user' },
    { kind: 'taken', reply: '250-2.0.0 taken\n250 2.0.0 as 17', notifies: false },
  ]);
});

test('421 to one recipient: the refusals before it stay, everybody else may be tried elsewhere', async (t) => {
  const { session } = await meet(t, async ({ heard, say }) => {
    await heard('DATA\r\n');
    say('250 ok\r\n550 5.1.1 no\r\n421 4.3.2 closing\r\n');
  });
  const { facts, begun, reusable } = await session.send(mail());
  assert.deepEqual(facts, [
    { kind: 'refused', stage: 'rcpt', reply: '550 5.1.1 no' },
    { kind: 'refused', stage: 'rcpt', reply: '421 4.3.2 closing' },
  ]);
  assert.deepEqual([begun, reusable, session.isOpen()], [false, false, false]);
});

test('a peer that stops reading in the middle of a large message: lost before the dot', async (t) => {
  const { session } = await meet(
    t,
    async (conversation) => {
      await grant(conversation);
      conversation.socket.pause();
    },
    { deadlines: { ...patient, blockMs: 300 } },
  );
  const { facts, begun, reusable } = await session.send(large);
  assert.deepEqual([facts[0], begun, reusable], [{ kind: 'lost', dotSent: false, detail: 'ETIMEDOUT' }, true, false]);
});

test('a peer that reads slowly has time for each block, however long all of them take', async (t) => {
  const body = large.pieces[1]!;
  const { session, peer } = await meet(
    t,
    async (conversation) => {
      await grant(conversation);
      const { socket, waiting } = conversation;
      for (let read = 800_000; read < body.length; read += 800_000) {
        while (waiting().length < read) await once(socket, 'data');
        socket.pause();
        await delay(150);
        socket.resume();
      }
      const message = await conversation.heard('\r\n.\r\n');
      assert.equal(message.replaceAll('\r\n..', '\r\n.'), `X-First: piece\r\n${body.toString('latin1')}\r\n.\r\n`);
      conversation.say('250 taken\r\n');
    },
    { deadlines: { ...patient, blockMs: 800 } },
  );
  assert.equal((await session.send(large)).facts[0]?.kind, 'taken');
  await peer.done;
});

test('our stop: interrupted while the message is under way, lost once the dot was sent, and an idle session is closed', async (t) => {
  const stopDuring = async (script: (peer: RawConversation) => Promise<void>, outgoing: OutgoingMail) => {
    const stop = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { session } = await meet(t, async (peer) => script(peer).then(resolve), { signal: stop.signal });
    const sending = session.send(outgoing);
    await promise;
    stop.abort();
    return { sent: await sending, session };
  };
  const inside = await stopDuring(async (peer) => {
    await grant(peer);
    await once(peer.socket, 'data');
    peer.socket.pause();
  }, large);
  assert.deepEqual([inside.sent.facts[0], inside.sent.begun], [{ kind: 'interrupted' }, true]);
  const after = await stopDuring(async (peer) => {
    await grant(peer);
    await peer.heard('\r\n.\r\n');
  }, mail());
  assert.deepEqual(after.sent.facts[0], { kind: 'lost', dotSent: true, detail: 'STOPPED' });

  const stop = new AbortController();
  const { session, peer } = await meet(t, async ({ rest }) => void (await rest()), { signal: stop.signal });
  stop.abort();
  assert.equal(session.isOpen(), false);
  await peer.done;
});

test('a peer that does not answer QUIT is left all the same', async (t) => {
  const { session, peer } = await meet(t, async ({ rest }) => assert.equal(await rest(), 'QUIT\r\n'));
  session.quit();
  await peer.done;
});

test('many mails over one session leave no deadline and no listener behind', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const { signal } = new AbortController();
  const opened = await opening(t, peer.port, { deadlines: quickDeadlines, signal });
  assert.ok(opened.ok);
  for (let i = 0; i < 10; i++) assert.ok((await opened.session.send(mail())).reusable);
  await delay(600); // past every deadline
  assert.equal(opened.session.isOpen(), true);
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  opened.session.quit();
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('under TLS: large and small mails over one session arrive byte for byte', async (t) => {
  const peer = await startPeer({ tls: makeAuthority().issue('mx.test') });
  t.after(() => peer.goAway());
  const opened = await opening(t, peer.port);
  assert.ok(opened.ok);
  const body = Buffer.alloc(1_000_000, '.a line with a dot ahead\r\n\r\n..\r\n');
  for (const pieces of [[Buffer.from(text)], [Buffer.from('A: b\r\n'), body], [Buffer.from(text)]])
    assert.equal((await opened.session.send(mail({ pieces }))).facts[0]?.kind, 'taken');
  const mails = await peer.mail(3);
  assert.match(mails[0]?.tls ?? '', /^TLSv1/);
  assert.equal(mails[0]?.raw.toString(), text);
  assert.ok(
    mails[1]?.raw.equals(
      Buffer.concat([Buffer.from('A: b\r\n'), body, Buffer.from(body.toString().endsWith('\r\n') ? '' : '\r\n')]),
    ),
  );
  assert.equal(mails[2]?.raw.toString(), text);
});
