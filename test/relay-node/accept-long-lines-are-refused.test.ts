import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const tooLong = '550 5.6.3 Message has a line longer than 998 octets';
const xs = (count: number) => 'x'.repeat(count);
const withBody = (body: string) => `From: orders@shop.test\r\n\r\n${body}\r\n`;

const lines: readonly (readonly [what: string, message: (length: number) => string])[] = [
  ['in the body', (length) => withBody(`before\r\n${xs(length)}\r\nafter`)],
  ['at the end', (length) => withBody(xs(length))],
  ['that is a header field', (length) => `X: ${xs(length - 3)}\r\n${withBody('hi')}`],
  ['that is the continuation of a field', (length) => `X: y\r\n ${xs(length - 1)}\r\n${withBody('hi')}`],
  ['of dots, stuffed on the wire', (length) => withBody(`.${xs(length - 1)}`)],
  ['of eight-bit text, counted in octets', (length) => withBody(`\xc3\xbc${xs(length - 2)}`)],
];
for (const [what, message] of lines)
  test(`a line of 998 octets ${what} is taken as it is, one more is not`, async () => {
    const client = await node.loggedIn();
    assert.equal(await submitBy(client, message(999)), tooLong);
    assert.match(await submitBy(client, message(998)), /^250 /, 'and the session goes on');
    const { body } = (await node.stored()).at(-1) ?? {};
    assert.ok(body?.toString('latin1').endsWith(message(998)));
    client.close();
  });

test('the verdict is the same for a line that comes byte by byte', async () => {
  const client = await node.loggedIn();
  for (const [length, code] of [
    [998, 250],
    [999, 550],
  ] as const) {
    for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@else.test>', 'DATA']) await client.say(line);
    await client.sendApart(withBody(xs(length))); // byte by byte
    assert.equal((await client.say('.')).code, code);
  }
  client.close();
});
