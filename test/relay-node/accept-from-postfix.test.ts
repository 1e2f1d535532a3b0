// A mail server as a client: Postfix relays through us with TLS, a certificate it verifies and a login, uses every extension we
// offer, and understands what we refuse and what we put off.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startAcceptingNode, type AcceptingNode } from '../harness/accepting-node.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { startPostfixClient, type Fate, type PostfixClient } from '../harness/postfix-client.ts';
import { usualLogin } from '../harness/snapshot.ts';
import { openInClear, type Listener, type Mail } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

type Scene = {
  readonly node: AcceptingNode;
  readonly postfix: PostfixClient;
  handIn(mail: Partial<Mail>): Promise<void>;
};

const header =
  'From: Orders <orders@shop.test>\r\nTo: <a@one.test>\r\nSubject: x\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n';
const message = Buffer.from(`${header}Message-ID: <1@shop.test>\r\n\r\n.\r\n..dots\r\nGr\u00fc\u00dfe \r\n\r\n`);

async function scene(
  t: TestContext,
  tls: Listener['tls'],
  { password = usualLogin.password, ...settings }: Readonly<Record<string, string>> = {},
): Promise<Scene | undefined> {
  const node = await startAcceptingNode({ patience: { commit: 2_000 } });
  t.after(() => node.stop());
  const certificate = makeCertificate();
  node.present(certificate);
  const port = tls === 'implicit' ? node.implicitPort : node.startTlsPort;
  const login = { user: usualLogin.username, password, ca: certificate.ca };
  const postfix = await startPostfixClient(t, { host: '127.0.0.1', port, tls }, login, settings);
  if (postfix === undefined) {
    t.skip('Postfix as a client takes root and: apt-get install postfix libsasl2-modules');
    return undefined;
  }
  const handIn = async (mail: Partial<Mail>) => {
    const session = await openInClear({ ...postfix.entrance, tls: 'starttls' });
    const usual = { from: 'orders@shop.test', to: ['a@one.test'], message, mailParameters: ' BODY=8BITMIME' };
    const answer = await session.send({ ...usual, ...mail });
    session.close();
    assert.equal(answer.kind, 'accepted', JSON.stringify(answer)); // by Postfix
  };
  return { node, postfix, handIn };
}

/** The last word about a recipient, once there is one. */
function fate(postfix: PostfixClient, recipient: string): Promise<Fate> {
  return until(
    () => `a fate of ${recipient}: ${postfix.log()}`,
    () => postfix.fates(recipient).at(-1),
    { withinMs: 30_000 },
  );
}

for (const [tls, mechanism] of [
  ['implicit', 'plain'],
  ['starttls', 'login'],
] as const)
  test(`${tls}, ${mechanism}: mail arrives byte for byte, with what was asked for it`, async (t) => {
    const at = await scene(t, tls, { smtp_sasl_mechanism_filter: mechanism });
    if (at === undefined) return;
    const { node, postfix, handIn } = at;
    const large = Buffer.concat([message, Buffer.alloc(600_000, '.a line of a large mail\r\n')]);
    await handIn({
      to: ['a@one.test', 'b@two.test'],
      mailParameters: ' BODY=8BITMIME RET=HDRS ENVID=order+2B7',
      rcptParameters: ' NOTIFY=FAILURE,DELAY ORCPT=rfc822;x+2By@one.test',
    });
    await handIn({ to: ['j\u00f6rg@one.test'], mailParameters: ' BODY=8BITMIME SMTPUTF8' });
    await handIn({ to: ['large@one.test'], message: large });
    for (const to of ['a@one.test', 'b@two.test', 'j\u00f6rg@one.test', 'large@one.test']) {
      const { status, says } = await fate(postfix, to);
      assert.equal(status, 'sent', says);
      assert.match(says, /^250 2\.0\.0 queued as \w{26}/);
    }
    const stored = await node.stored();
    assert.deepEqual(stored.map(({ envelope }) => envelope.recipients[0]?.address ?? '').toSorted(), [
      'a@one.test',
      'b@two.test',
      'j\u00f6rg@one.test',
      'large@one.test',
    ]);
    for (const { body, envelope } of stored) {
      const sent = envelope.recipients[0]?.address === 'large@one.test' ? large : message;
      assert.ok(body.subarray(-sent.length).equals(sent), body.toString());
      assert.match(
        body.toString('latin1'),
        /^Received: from [^]* with (UTF8SMTPSA|ESMTPSA)[^]*\r\nReceived: from client\.test /,
      );
    }
    const [first, second] = ['a@one.test', 'b@two.test'].map((to) =>
      stored.find(({ envelope }) => envelope.recipients[0]?.address === to),
    );
    assert.deepEqual(
      [first?.envelope.ret, first?.envelope.envid, first?.envelope.id],
      ['HDRS', 'order+2B7', second?.envelope.id],
    );
    assert.deepEqual(first?.envelope.recipients[0]?.notify, ['FAILURE', 'DELAY']);
    assert.equal(first?.envelope.recipients[0]?.orcpt, 'rfc822;x+2By@one.test');
  });

test('what we refuse is returned by Postfix, what we put off it keeps', async (t) => {
  const at = await scene(t, 'starttls');
  if (at === undefined) return;
  const { node, postfix, handIn } = at;
  const forged = Buffer.from(message.toString('latin1').replace('orders@shop.test', 'boss@bank.test'), 'latin1');
  await handIn({ to: ['forged@one.test'], message: forged });
  await handIn({ to: ['envelope@one.test'], from: 'boss@bank.test' });
  for (const [to, says] of [
    ['forged@one.test', /said: 550 5\.7\.1 .*end of DATA/],
    ['envelope@one.test', /said: 550 5\.7\.1 .*MAIL FROM/],
  ] as const) {
    const fateOf = await fate(postfix, to);
    assert.deepEqual([fateOf.status, fateOf.dsn], ['bounced', '5.7.1'], fateOf.says);
    assert.match(fateOf.says, says);
  }
  node.nats.pause();
  t.after(() => node.nats.resume());
  await handIn({ to: ['later@one.test'] });
  const putOff = await fate(postfix, 'later@one.test');
  assert.deepEqual([putOff.status, putOff.dsn], ['deferred', '4.3.0'], putOff.says);
  node.nats.resume();
});

test('a password that is not in force is told to Postfix, and its mail waits there', async (t) => {
  const at = await scene(t, 'starttls', { password: 'wrong' });
  if (at === undefined) return;
  await at.handIn({});
  const { status, says } = await fate(at.postfix, 'a@one.test');
  assert.equal(status, 'deferred');
  assert.match(says, /SASL authentication failed.* 535 5\.7\.8 /);
  assert.deepEqual(await at.node.stored(), []);
});
