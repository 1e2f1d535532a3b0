import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeEnvelope, sayEnvelope } from './envelope.ts';
import type { Asked, Line } from './line.ts';

const asked = (replies: readonly string[], ended?: string): Asked => ({
  replies: replies.map((text) => ({ code: Number(text.slice(0, 3)), text })),
  ...(ended === undefined ? {} : { ended }),
});
/** Facts in short: `rcpt 550`, `lost ETIMEDOUT`, or `-` for accepted. */
function judged(recipients: number, replies: readonly string[], ended?: string): [facts: string[], next: string] {
  const { facts, next } = judgeEnvelope(recipients, asked(replies, ended));
  return [
    facts.map((fact) => {
      if (fact === undefined) return '-';
      if (fact.kind === 'refused') return `${fact.stage} ${fact.reply}`;
      return fact.kind === 'lost' ? `lost ${fact.detail} ${fact.dotSent}` : fact.kind;
    }),
    next,
  ];
}

const cases: Readonly<Record<string, [replies: string[], facts: string[], next: string, ended?: string]>> = {
  'all accepted': [['250', '250', '250', '354'], ['-', '-'], 'message'],
  'one of two refused': [['250', '550', '250', '354'], ['rcpt 550', '-'], 'message'],
  'all refused, DATA too: no further failure': [['250', '550', '450', '554'], ['rcpt 550', 'rcpt 450'], 'reset'],
  'all refused, DATA granted': [['250', '550', '450', '354'], ['rcpt 550', 'rcpt 450'], 'lone-dot'],
  'all refused, DATA never said': [['250', '550', '450'], ['rcpt 550', 'rcpt 450'], 'reset'],
  'the sender refused: what follows is no verdict': [['451', '503', '503', '503'], ['mail 451', 'mail 451'], 'reset'],
  'the sender refused, one recipient taken, DATA granted': [
    ['451', '250', '503', '354'],
    ['mail 451', 'mail 451'],
    'hang-up',
  ],
  'the sender refused, no recipient taken, DATA granted': [
    ['451', '503', '503', '354'],
    ['mail 451', 'mail 451'],
    'lone-dot',
  ],
  'DATA refused': [['250', '250', '550', '451'], ['data 451', 'rcpt 550'], 'reset'],
  'DATA answered with 250': [['250', '250', '550', '250'], ['data 250', 'data 250'], 'hang-up'],
  'a recipient answered with 354': [['250', '550', '354', '354'], ['rcpt 354', 'rcpt 354'], 'hang-up'],
  'the sender answered with 150': [['150', '250', '250', '354'], ['mail 150', 'mail 150'], 'hang-up'],
  '421 to the sender': [['421'], ['mail 421', 'mail 421'], 'hang-up', 'ECONNECTION'],
  '421 to the second recipient': [['250', '550', '421'], ['rcpt 550', 'rcpt 421'], 'hang-up', 'ECONNECTION'],
  '421 to the first recipient': [['250', '421'], ['rcpt 421', 'rcpt 421'], 'hang-up', 'ECONNECTION'],
  '421 to DATA': [['250', '250', '550', '421'], ['data 421', 'rcpt 550'], 'hang-up', 'ECONNECTION'],
  'lost before any reply': [[], ['lost ETIMEDOUT false', 'lost ETIMEDOUT false'], 'hang-up', 'ETIMEDOUT'],
  'lost on the way': [['250', '550', '250'], ['rcpt 550', 'lost ECONNRESET false'], 'hang-up', 'ECONNRESET'],
  'our own stop': [['250', '550'], ['rcpt 550', 'interrupted'], 'hang-up', 'STOPPED'],
};
for (const [name, [replies, facts, next, ended]] of Object.entries(cases))
  test(`judges: ${name}`, () => assert.deepEqual(judged(2, replies, ended), [facts, next]));

test('the message goes only where a sender and a recipient were taken and 354 was said; else all have a fact', () => {
  const reply = fc.constantFrom('250', '251', '354', '421', '451', '550', '150', '600');
  const ending = fc.option(fc.constantFrom('STOPPED', 'ETIMEDOUT'), { nil: undefined });
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 5 }), ending, (replies, cut) => {
      const ended = cut ?? (replies.length < 5 ? 'ECONNECTION' : undefined);
      const { facts, next } = judgeEnvelope(3, asked(replies, ended));
      assert.equal(facts.length, 3);
      const [mail = '', ...others] = replies;
      const ready =
        mail.startsWith('2') && others.slice(0, 3).some((code) => code.startsWith('2')) && others[3] === '354';
      if (next === 'message') assert.ok(ready && ended === undefined);
      else assert.ok(facts.every((fact) => fact !== undefined));
      assert.ok(facts.every((fact) => fact?.kind !== 'taken'));
    }),
    { numRuns: 2_000 },
  );
});

/** A line that answers in order and keeps what it was asked, write by write. */
function scripted(replies: readonly string[]) {
  const writes: string[] = [];
  const left = [...replies];
  const ask = async (commands: string, count: number) => (writes.push(commands), asked(left.splice(0, count)));
  return { writes, line: { ask } as unknown as Line };
}
const commands = ['MAIL\r\n', 'RCPT a\r\n', 'RCPT b\r\n', 'DATA\r\n'];

test('with PIPELINING all of it is one write, DATA last', async () => {
  const { writes, line } = scripted(['250', '550', '250', '354']);
  assert.equal((await sayEnvelope(line, commands, true)).replies.length, 4);
  assert.deepEqual(writes, ['MAIL\r\nRCPT a\r\nRCPT b\r\nDATA\r\n']);
});

test('without it one after the other, no further than it makes sense', async () => {
  const asks = async (...replies: string[]) => {
    const { writes, line } = scripted(replies);
    await sayEnvelope(line, commands, false);
    return writes.length;
  };
  assert.equal(await asks('250', '550', '250', '354'), 4);
  assert.equal(await asks('451'), 1);
  assert.equal(await asks('250', '550', '450'), 3);
});
