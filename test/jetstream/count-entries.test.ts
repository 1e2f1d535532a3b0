// Counting the entries of one domain or platform: ready, waiting and due ones, on a real nats-server, as the operator's user.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countEntries } from '@relayfleet/jetstream/count-entries.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { anEnvelope, startQueue } from '../harness/queue.ts';

test('entries of one domain or platform are counted wherever they wait', async (t) => {
  const server = await startQueue(t);
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  const operator = await server.connect('operator');
  const count = (filter: Parameters<typeof countEntries>[1]) => countEntries(operator, filter);
  const orders = { namespace: 'shop', name: 'orders' };
  assert.equal(await count({ domain: 'shop.test' }), 0);

  for (const [domain, platform, deferred] of [
    ['shop.test', orders, false],
    ['shop.test', { namespace: 'shop', name: 'news' }, true],
    ['other.test', orders, true],
    ['sub.shop.test', orders, false],
  ] as const) {
    const stored = { kind: 'chunks', size: 1, chunks: 1, sha256: '0'.repeat(64) } as const;
    const envelope = anEnvelope({ domain, platform, body: deferred ? stored : { kind: 'inline', size: 0 } });
    if (deferred) assert.ok((await queue.defer(envelope, Date.now() + 3_600_000)).ok);
    else assert.ok((await queue.commit([{ envelope, body: Buffer.alloc(0) }], 5_000)).ok);
  }
  assert.equal(await count({ domain: 'shop.test' }), 2);
  assert.equal(await count({ domain: 'sub.shop.test' }), 1);
  assert.equal(await count({ platform: orders }), 3);
  assert.equal(await count({}), 4);
  assert.equal(await count({ domain: 'nobody.test' }), 0);
});

test('no answer is not nothing', async (t) => {
  const server = await startQueue(t);
  const operator = await server.connect('operator');
  await server.kill9();
  await assert.rejects(countEntries(operator, { domain: 'shop.test' }));
});
