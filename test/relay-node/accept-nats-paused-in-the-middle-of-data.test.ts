// A large message is stored while it arrives, so NATS may be away before its final dot: the client is held back for a while, then
// heard to the end, and told to come again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy, type Dialogue } from '../harness/smtp-dialogue.ts';
import { fleetPolicy } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

const commit = 2_000;
const limits = { ...fleetPolicy().limits, maxMessageBytes: 50_000_000 };
const node = await startAcceptingNode({ content: { fleet: fleetPolicy({ limits }) }, patience: { commit } });
after(() => node.stop());

const away = '451 4.3.0 Mail queue is not available, try again later';
const header = 'From: orders@shop.test\r\nSubject: large\r\n\r\n';
const block = Buffer.from(`${'x'.repeat(98)}\r\n`.repeat(10_000));

async function inData(): Promise<Dialogue> {
  const client = await node.loggedIn();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@else.test>', 'DATA']) await client.say(line);
  client.send(header);
  return client;
}

/** Sends so many MB, as fast as they are taken; how long that took. */
async function send(client: Dialogue, megabytes: number): Promise<number> {
  const started = performance.now();
  for (let n = 0; n < megabytes; n += 1) if (!client.socket().write(block)) await once(client.socket(), 'drain');
  return performance.now() - started;
}

test(
  'frozen in the middle, for good: the rest is taken, then 451, and nothing is queued',
  { timeout: 60_000 },
  async () => {
    const client = await inData();
    await send(client, 3);
    node.nats.pause();
    try {
      const took = await send(client, 27);
      assert.ok(took > commit - 500, `the client was not held back: ${took} ms`);
      assert.ok(took < 3 * commit, `${took} ms`);
      const started = performance.now();
      assert.equal((await client.say('.')).text, away);
      assert.ok(performance.now() - started < commit, 'what is known is said at once');
    } finally {
      node.nats.resume();
    }
    assert.match(await submitBy(client, `${header}hi\r\n`), /^250 /, 'the session goes on');
    const stored = await node.stored();
    assert.deepEqual(
      stored.map(({ body }) => body.length < 1_000),
      [true],
    );
    client.close();
  },
);

test('frozen for a moment: it is waited out, and the mail is whole', { timeout: 60_000 }, async () => {
  const client = await inData();
  await send(client, 3);
  node.nats.pause();
  setTimeout(() => node.nats.resume(), commit / 2);
  await send(client, 17);
  assert.match((await client.say('.', 30_000)).text, /^250 /);
  const whole = Buffer.concat([Buffer.from(header), ...Array<Buffer>(20).fill(block)]);
  const bodies = (await node.stored()).map(({ body }) => body.subarray(-whole.length));
  assert.ok(bodies.some((body) => body.equals(whole)));
  client.close();
});

test('killed and started again in the middle: it is waited out, too', { timeout: 60_000 }, async () => {
  const before = (await node.stored()).length;
  const client = await inData();
  await send(client, 3);
  await node.nats.kill9();
  const back = node.nats.restart();
  await send(client, 17);
  await back;
  const { text } = await client.say('.', 30_000);
  if (text !== away) assert.match(text, /^250 /);
  await until(
    'as many as were promised',
    async () => (await node.stored()).length === before + (text === away ? 0 : 1),
  );
  client.close();
});
