import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

// MQ may hold a quarter of the store and bodies 55 %: the smallest store in which one large mail fits and many do not.
const node = await startAcceptingNode({ storageBytes: 4_000_000 });
after(() => node.stop());

const full = '452 4.3.1 Mail queue is full, try again later';
const message = (size: number) => `From: orders@shop.test\r\n\r\n${`${'x'.repeat(98)}\r\n`.repeat(size / 100)}`;

for (const [what, size] of [
  ['small mails', 200_000],
  ['large mails', 700_000],
] as const)
  test(`${what}: taken until the store is full, then 452 and never 250`, async () => {
    const client = await node.loggedIn();
    const replies: string[] = [];
    for (let n = 0; n < 8; n += 1) replies.push(await submitBy(client, message(size)));
    client.close();
    const taken = replies.filter((reply) => reply.startsWith('250 ')).length;
    assert.ok(taken >= 1 && taken < replies.length, replies.join('\n'));
    assert.deepEqual(replies.slice(taken), Array(replies.length - taken).fill(full));
  });

test('what got a 250 is in the queue, whole, and nothing else is', async () => {
  const told = node.reported.filter(({ name }) => name === 'accepted').length;
  assert.equal((await node.stored()).length, told);
});
