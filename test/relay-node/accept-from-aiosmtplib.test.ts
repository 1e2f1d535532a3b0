// A client in another language, with its own reading of the standard: it logs in over TLS, sends with every extension we offer, and
// understands each of our refusals.
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { sendWithAiosmtplib, type PythonMail, type PythonResult, type PythonSession } from '../harness/aiosmtplib.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { usualLogin } from '../harness/snapshot.ts';

const node = await startAcceptingNode();
after(() => node.stop());
const { ca, ...certificate } = makeCertificate();
node.present({ ca, ...certificate });

const header =
  'From: Orders <orders@shop.test>\r\nTo: a@one.test\r\nSubject: x\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n';
const message = Buffer.from(`${header}Message-ID: <1@shop.test>\r\n\r\n.\r\n..dots\r\nGr\u00fc\u00dfe \r\n\r\n`);
const mail = (changes: Partial<PythonMail> = {}): PythonMail => ({
  from: 'orders@shop.test',
  to: ['a@one.test'],
  message,
  mailOptions: ['BODY=8BITMIME'],
  ...changes,
});

/** Undefined when the test cannot be run. */
async function send(
  t: TestContext,
  mails: readonly PythonMail[],
  changes: Partial<PythonSession> = {},
): Promise<PythonResult | undefined> {
  const usual = { port: node.implicitPort, tls: 'implicit', ca, login: usualLogin, mails } as const;
  const result = await sendWithAiosmtplib({ ...usual, ...changes });
  if (result === undefined) t.skip('aiosmtplib as a client takes: apt-get install python3-aiosmtplib');
  return result;
}

/** What was stored under the queue id of a reply. */
async function stored(reply: string) {
  const id = /queued as (\w{26})/.exec(reply)?.[1];
  return (await node.stored()).filter(({ envelope }) => envelope.id === id);
}

for (const tls of ['implicit', 'starttls'] as const)
  test(`${tls}: several mails of one session are stored, byte for byte and with what was asked for each`, async (t) => {
    const told = mail({
      to: ['a@one.test', 'b@two.test'],
      mailOptions: ['BODY=8BITMIME', 'RET=HDRS', 'ENVID=order+2B7'],
      rcptOptions: ['NOTIFY=FAILURE,DELAY', 'ORCPT=rfc822;a+2Bb@one.test'],
    });
    const port = tls === 'implicit' ? node.implicitPort : node.startTlsPort;
    const result = await send(t, [mail(), told, mail()], { tls, port });
    if (result === undefined) return;
    for (const extension of ['8bitmime', 'auth', 'dsn', 'enhancedstatuscodes', 'pipelining', 'size', 'smtputf8'])
      assert.ok(result.extensions.includes(extension), result.extensions.join());
    assert.deepEqual(
      result.answers.map(({ kind }) => kind),
      ['sent', 'sent', 'sent'],
    );
    for (const { reply } of result.answers)
      for (const { body, envelope } of await stored(reply)) {
        assert.match(body.toString('latin1'), /^Received: from [^]* with ESMTPSA[^]*\r\nFrom:/);
        assert.ok(body.subarray(-message.length).equals(message), body.toString());
        assert.equal(envelope.eightBit, true);
      }
    const [first, second] = await stored(result.answers[1]!.reply);
    assert.deepEqual([first?.envelope.ret, first?.envelope.envid], ['HDRS', 'order+2B7']);
    assert.deepEqual([first?.envelope.destination, second?.envelope.destination], ['one.test', 'two.test']);
    assert.deepEqual(first?.envelope.recipients[0]?.notify, ['FAILURE', 'DELAY']);
    assert.equal(first?.envelope.recipients[0]?.orcpt, 'rfc822;a+2Bb@one.test');
  });

test('addresses in UTF-8', async (t) => {
  const result = await send(t, [mail({ to: ['j\u00f6rg@one.test'], mailOptions: ['BODY=8BITMIME', 'SMTPUTF8'] })]);
  if (result === undefined) return;
  const [entry] = await stored(result.answers[0]!.reply);
  assert.deepEqual([entry?.envelope.recipients[0]?.address, entry?.envelope.smtputf8], ['j\u00f6rg@one.test', true]);
});

test('it understands what is refused, and the session goes on', async (t) => {
  const otherFrom = Buffer.from(message.toString('latin1').replace('orders@shop.test', 'boss@bank.test'), 'latin1');
  const tooLarge = Buffer.concat([message, Buffer.alloc(1_100_000, 'a line of text\r\n')]);
  const result = await send(t, [
    mail({ to: ['a@one.test', 'no one@', 'b@one.test'] }),
    mail({ to: ['@'] }),
    mail({ from: 'boss@bank.test' }),
    mail({ message: otherFrom }),
    mail({ message: tooLarge }),
    mail(),
  ]);
  if (result === undefined) return;
  const [some, none, ...others] = result.answers;
  assert.ok(some?.kind === 'sent' && none?.kind === 'failed');
  assert.deepEqual(Object.keys(some.refused), ['no one@']);
  assert.match(some.refused['no one@'] ?? '', /^5\d\d /);
  assert.deepEqual(
    (await stored(some.reply))[0]?.envelope.recipients.map(({ address }) => address),
    ['a@one.test', 'b@one.test'],
  );
  assert.match(none.reply, /^5\d\d /);
  const said = others.map((answer) => `${answer.kind} ${answer.reply.slice(0, 9)}`);
  assert.deepEqual(said.slice(0, 3), ['failed 550 5.7.1', 'failed 550 5.7.1', 'failed 552 5.3.4']);
  assert.equal(others.at(-1)?.kind, 'sent');
});

test('it understands that it is not let in', async (t) => {
  const wrong = await send(t, [mail()], { login: { ...usualLogin, password: 'wrong' } });
  if (wrong === undefined) return;
  assert.match(wrong.problem ?? '', /^SMTPAuthenticationError 535 5\.7\.8 /);
  const nobody = await sendWithAiosmtplib({ port: node.implicitPort, tls: 'implicit', ca, mails: [mail()] });
  assert.match(nobody?.answers[0]?.reply ?? '', /^530 5\.7\.0 /);
});
