// The mail transaction with a server we did not write, pipelined and one command at a time, in clear and under TLS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  openSession,
  standardDeadlines,
  type OutgoingMail,
  type Session,
} from '../../relay-node/src/delivery/smtp-client.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { startPostfix } from '../harness/postfix.ts';

const dots = '.one\r\n..two\r\n.\r\nlast, without an end';
const mail = (subject: string, recipients: readonly string[], changes: Partial<OutgoingMail> = {}): OutgoingMail => ({
  sender: 'from@example.com',
  recipients: recipients.map((address) => ({ address })),
  pieces: [Buffer.from(`Subject: ${subject}\r\n`), Buffer.from(`From: from@example.com\r\n\r\n${dots}`)],
  eightBit: false,
  smtputf8: false,
  ...changes,
});

test('Postfix takes what is sent, byte for byte, and its refusals reach the recipient they are about', async (t) => {
  const postfix = await startPostfix(t, makeAuthority().issue('postfix.test'));
  if (postfix === undefined) return t.skip('Postfix as a next hop takes root and: apt-get install postfix');
  const open = async (port: number, tls: 'Opportunistic' | 'Require'): Promise<Session> => {
    const hop = { host: 'postfix.test', port, implicitTls: false, tls, floor: '1.2' } as const;
    const request = {
      hop,
      address: '127.0.0.1',
      helloName: 'relay.test',
      deadlines: standardDeadlines,
      signal: t.signal,
    };
    const opened = await openSession(request);
    assert.ok(opened.ok, JSON.stringify(opened));
    return opened.session;
  };
  const large = Buffer.alloc(3_000_000, '.a line of a large message\r\n');
  let rounds = 0;
  for (const port of [postfix.port, postfix.lockStepPort])
    for (const tls of ['Opportunistic', 'Require'] as const) {
      const session = await open(port, tls);
      assert.match(session.tls ?? '', /^TLSv1/);
      const kinds = async (outgoing: OutgoingMail) => {
        const { facts, reusable } = await session.send(outgoing);
        assert.equal(reusable, true, JSON.stringify(facts));
        return facts.map((fact) => (fact.kind === 'refused' ? `${fact.stage} ${fact.reply.slice(0, 9)}` : fact.kind));
      };
      const gone = 'rcpt 550 5.1.1';
      assert.deepEqual(await kinds(mail('both', ['one@to.test', 'gone@to.test', 'two@to.test'])), [
        'taken',
        gone,
        'taken',
      ]);
      assert.deepEqual(await kinds(mail('nobody', ['gone@to.test', 'lost@to.test'])), [gone, gone]);
      const refused = mail('refused', ['one@to.test'], { sender: 'refused@example.com' });
      assert.match((await kinds(refused))[0] ?? '', /^(mail|rcpt) 554 5\.7\.1$/);
      assert.deepEqual(await kinds(mail('eight', ['one@to.test'], { eightBit: true, ret: 'HDRS', envid: 'x' })), [
        'taken',
      ]);
      const pieces = [Buffer.from('Subject: large\r\n\r\n'), large];
      assert.deepEqual(await kinds(mail('large', ['one@to.test'], { pieces })), ['taken']);
      const tooLarge = mail('too large', ['one@to.test'], { pieces: Array<Buffer>(7).fill(large) });
      assert.deepEqual((await session.send(tooLarge)).facts, [{ kind: 'unfit', lacks: 'SIZE' }]);
      session.quit();
      rounds++;
    }
  const one = await postfix.mailbox('one', 3 * rounds);
  const two = await postfix.mailbox('two', rounds);
  const holding = (mails: readonly string[], subject: string) =>
    mails.filter((raw) => raw.includes(`\nSubject: ${subject}\n`));
  for (const mails of [holding(one, 'both'), holding(two, 'both'), holding(one, 'eight')]) {
    assert.equal(mails.length, rounds);
    for (const raw of mails) assert.ok(raw.endsWith(`\n\n${dots.replaceAll('\r\n', '\n')}\n`), raw);
  }
  const body = large.toString('latin1').replaceAll('\r\n', '\n');
  for (const raw of holding(one, 'large')) assert.ok(raw.includes(`\n\n${body}`));
  assert.equal(holding(one, 'large').length, rounds);
});
