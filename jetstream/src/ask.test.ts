import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { openAsk } from './ask.ts';

type Listener = (error: Error | null, answer: Msg) => void;
type Question = { readonly subject: string; readonly reply: string };

/** A connection that only remembers, and lets the test answer. */
function setUp(defer = (write: () => void) => write()) {
  const asked: Question[] = [];
  const inboxes: { listener: Listener; closed: boolean }[] = [];
  const nc = {
    subscribe: (_: string, { callback }: { callback: Listener }) => {
      const inbox = { listener: callback, closed: false };
      inboxes.push(inbox);
      return { isClosed: () => inbox.closed };
    },
    publish: (subject: string, _: unknown, { reply }: { reply: string }) => void asked.push({ subject, reply }),
  };
  const answer = (question: Question | undefined, data: string, code?: number) =>
    inboxes.at(-1)?.listener(null, {
      subject: question?.reply,
      data: Buffer.from(data),
      headers: code === undefined ? undefined : { code },
    } as unknown as Msg);
  return { ...openAsk(nc as unknown as NatsConnection, '_INBOX_test', defer), asked, inboxes, answer };
}

const patience = { timeoutMs: 5_000 };
const textOf = async (answer: Promise<Msg>) => Buffer.from((await answer).data).toString();

test('every question gets its own answer, in whatever order they come', async () => {
  const { ask, asked, answer } = setUp();
  const answers = ['a', 'b', 'c'].map((subject) => textOf(ask(subject, '', patience)));
  for (const question of asked.toReversed()) answer(question, question.subject.toUpperCase());
  assert.deepEqual(await Promise.all(answers), ['A', 'B', 'C']);
});

test('an answer that comes late, twice or to nobody is nobody’s', async () => {
  const { ask, asked, answer } = setUp();
  await assert.rejects(ask('slow', '', { timeoutMs: 1 }), /no answer within 1 ms/);
  const next = textOf(ask('next', '', patience));
  answer(asked[0], 'late');
  answer({ subject: '', reply: '_INBOX_test.other.zz' }, 'stray');
  answer(asked[1], 'first');
  answer(asked[1], 'second');
  assert.equal(await next, 'first');
});

test('nobody there and a connection that ends are known at once', async () => {
  const { ask, asked, answer, abandon } = setUp();
  const lonely = ask('lonely', '', patience);
  answer(asked[0], '', 503);
  await assert.rejects(lonely, /nobody answers/);
  const cut = ask('cut', '', patience);
  abandon();
  await assert.rejects(cut, /the connection ended/);
});

test('an inbox that was refused is opened anew by the next question', async () => {
  const { ask, asked, inboxes, answer } = setUp();
  const refused = inboxes[0]!;
  refused.listener(new Error('permissions violation'), {} as Msg);
  refused.closed = true;
  const next = textOf(ask('next', '', patience));
  assert.equal(inboxes.length, 2);
  answer(asked[0], 'there');
  assert.equal(await next, 'there');
});

test('what is asked in one turn leaves together, but for what nobody waits for any more', async () => {
  const turns: (() => void)[] = [];
  const { ask, asked, answer, abandon } = setUp((write) => void turns.push(write));
  const cut = ask('cut', '', patience);
  abandon();
  await assert.rejects(cut, /the connection ended/);
  const answers = ['a', 'b'].map((subject) => textOf(ask(subject, '', patience)));
  assert.equal(asked.length, 0);
  assert.equal(turns.length, 1);
  turns[0]?.();
  assert.deepEqual(
    asked.map(({ subject }) => subject),
    ['a', 'b'],
  );
  asked.forEach((question) => answer(question, 'there'));
  await Promise.all(answers);
  void textOf(ask('c', '', patience)).catch(() => undefined);
  assert.equal(turns.length, 2, 'the next turn has a write of its own');
  abandon();
});
