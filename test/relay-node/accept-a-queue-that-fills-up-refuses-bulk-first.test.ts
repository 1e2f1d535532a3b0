// A queue that fills up refuses bulk mail at 70 %, all mail at 80 %, at MAIL FROM and with 452; a mail in DATA is taken nevertheless,
// and so is everything again once there is space.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { PlatformPolicy } from '@relayfleet/contract/snapshot.ts';
import { startAcceptingNode, type AcceptingNode } from '../harness/accepting-node.ts';
import { anEntry, anEnvelope } from '../harness/queue.ts';
import { fleetPolicy, platformPolicy } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

const mailFrom = 'MAIL FROM:<orders@shop.test>';
/** What the mail stream may hold is a quarter of it. */
const storageBytes = 16_000_000;
const welcome = '250 2.1.0 Accepted';
const filling = '452 4.3.1 Mail queue is filling up and takes no bulk mail, try again later';
const nearlyFull = '452 4.3.1 Mail queue is nearly full, try again later';
const tooMany = '452 4.3.1 Too many mails are waiting to take bulk mail, try again later';

const limits = { ...fleetPolicy().limits, maxDeferred: 10 };
const fleet = fleetPolicy({ storageBytes, limits });

async function startNode(t: TestContext): Promise<AcceptingNode> {
  const node = await startAcceptingNode({ storageBytes, content: { fleet }, watchEveryMs: 50 });
  t.after(() => node.stop());
  return node;
}

/** What each lane is told at MAIL FROM, after a look at the queue. */
async function answers(node: AcceptingNode): Promise<Record<PlatformPolicy['lane'], string>> {
  await node.looked();
  const say = async (lane: PlatformPolicy['lane']) => {
    node.hold({ platforms: [platformPolicy({ lane })], fleet });
    const client = await node.loggedIn();
    const { text } = await client.say(mailFrom);
    client.close();
    return text;
  };
  return { transactional: await say('transactional'), bulk: await say('bulk') };
}

test('bulk at 70 %, all at 80 %, a mail in DATA never; all again when there is space', async (t) => {
  const node = await startNode(t);
  const early = await node.loggedIn();
  for (const line of [mailFrom, 'RCPT TO:<a@b.test>', 'DATA']) await early.say(line);
  let stored = 0;
  const fillTo = async (share: number) => {
    for (; stored < share * 20; stored++) {
      const { envelope, body } = anEntry({}, Buffer.alloc(200_000));
      assert.ok((await node.queue.commit([{ envelope, body }], 5_000)).ok);
    }
  };

  await fillTo(0.65);
  assert.deepEqual(await answers(node), { transactional: welcome, bulk: welcome });
  await fillTo(0.75);
  assert.deepEqual(await answers(node), { transactional: welcome, bulk: filling });
  await fillTo(0.85);
  assert.deepEqual(await answers(node), { transactional: nearlyFull, bulk: nearlyFull });
  early.send('From: orders@shop.test\r\n\r\nhi\r\n');
  assert.match((await early.say('.')).text, /^250 2\.0\.0 queued as/);
  early.close();

  const stop = new AbortController();
  for await (const taken of node.queue.take('transactional', { maxMessages: 1, signal: stop.signal })) {
    await taken.done();
    if (--stored === 10) stop.abort();
  }
  assert.deepEqual(await answers(node), { transactional: welcome, bulk: welcome });
});

test('as many deferred mails as the fleet allows: bulk mail is refused, and bulk mail alone', async (t) => {
  const node = await startNode(t);
  const body = { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } as const;
  const defer = (count: number) =>
    Promise.all(Array.from({ length: count }, () => node.queue.defer(anEnvelope({ body }), Date.now() + 3_600_000)));
  await defer(9);
  assert.deepEqual(await answers(node), { transactional: welcome, bulk: welcome });
  await defer(1);
  assert.deepEqual(await answers(node), { transactional: welcome, bulk: tooMany });
});

test('while NATS is away nothing is refused at MAIL FROM: the commit finds out', async (t) => {
  const node = await startNode(t);
  node.hold({ platforms: [platformPolicy({ lane: 'bulk' })], fleet: fleetPolicy({ storageBytes: 1 }) });
  const { envelope, body } = anEntry();
  await node.queue.commit([{ envelope, body }], 5_000);
  const client = await node.loggedIn();
  await until('refused', async () => (await client.say('RSET'), (await client.say(mailFrom)).code === 452));
  await node.nats.kill9();
  await until('taken', async () => (await client.say('RSET'), (await client.say(mailFrom)).code === 250));
  client.close();
});
