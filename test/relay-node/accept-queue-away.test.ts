import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

const commit = 3_000;
const node = await startAcceptingNode({ patience: { commit } });
after(() => node.stop());

const away = '451 4.3.0 Mail queue is not available, try again later';
const mail = (subject: string, size = 0) =>
  `From: orders@shop.test\r\nSubject: ${subject}\r\n\r\n${`${'x'.repeat(98)}\r\n`.repeat(size / 100)}`;

/** The reply, and how long it took. */
async function timed(message: string, to?: readonly string[]): Promise<{ reply: string; ms: number }> {
  const client = await node.loggedIn();
  const started = performance.now();
  const reply = await submitBy(client, message, to === undefined ? {} : { to });
  client.close();
  return { reply, ms: performance.now() - started };
}

async function storedSubjects(): Promise<readonly string[]> {
  const stored = await node.stored();
  return stored.map(({ body }) => /Subject: (\S+)/.exec(body.toString('latin1'))?.[1] ?? '');
}

for (const [what, message, to] of [
  ['a small mail', mail('paused-small'), undefined],
  ['a large mail', mail('paused-large', 500_000), undefined],
  ['a mail for two', mail('paused-two'), ['a@one.test', 'b@two.test']],
] as const)
  test(`NATS frozen: ${what} gets 451 within the deadline, and never 250`, async () => {
    node.nats.pause();
    try {
      const { reply, ms } = await timed(message, to);
      assert.equal(reply, away);
      assert.ok(ms >= commit - 100 && ms < commit + 2_500, `${ms} ms`);
    } finally {
      node.nats.resume();
    }
  });

test('NATS killed: 451 within the deadline; back again: the next mail is taken', async () => {
  await node.nats.kill9();
  const { reply, ms } = await timed(mail('killed'));
  assert.equal(reply, away);
  assert.ok(ms < commit + 2_500, `${ms} ms`);
  await node.nats.restart();
  const after = await timed(mail('after-restart'));
  assert.match(after.reply, /^250/);
  assert.ok((await storedSubjects()).includes('after-restart'));
});

test('a short absence is waited out: 250, and the mail is there once', async () => {
  node.nats.pause();
  const submission = timed(mail('short-absence'));
  setTimeout(() => node.nats.resume(), 1_500);
  const { reply } = await submission;
  assert.match(reply, /^250/);
  assert.equal((await storedSubjects()).filter((subject) => subject === 'short-absence').length, 1);
});
