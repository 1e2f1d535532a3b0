import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMessage } from './open-message.ts';
import { anEnvelope } from './outcome/testing/envelope.ts';
import { bodyHash } from './signing/canonicalise.ts';

const header = 'From: a@example.com\r\nSubject: x\r\n\r\n';
const text = 'a  line \r\n\r\nanother\r\n\r\n';
const message = Buffer.from(header + text);

/** The queue, holding the message in pieces of so many bytes. */
function stored(chunkBytes: number, end: 'intact' | 'damaged' = 'intact') {
  const chunks: Buffer[] = [];
  for (let at = 0; at < message.length; at += chunkBytes) chunks.push(message.subarray(at, at + chunkBytes));
  let passes = 0;
  const queue = {
    readFirst: async () => chunks[0],
    async *readBody(): AsyncGenerator<Buffer, 'intact' | 'damaged'> {
      passes += 1;
      yield* chunks;
      return end;
    },
  };
  const body = { kind: 'chunks', size: message.length, chunks: chunks.length, sha256: 'a'.repeat(64) } as const;
  return { queue, body, passes: () => passes };
}
const nothing = new Uint8Array(0);

test('a message in memory or of one chunk is whole, and nothing else is read', async () => {
  const { queue, body, passes } = stored(1_000);
  for (const ref of [body, { kind: 'inline', size: message.length } as const])
    assert.deepEqual(await openMessage(queue, anEnvelope({ body: ref }), nothing), {
      beginning: message,
      ...(ref.kind === 'chunks' && { relaxedHash: undefined }),
    });
  assert.equal(passes(), 0);
});

test('of a larger one the header is read; the hash its entry tells is believed', async () => {
  const { queue, body, passes } = stored(50);
  const relaxedHash = 'B'.repeat(44);
  const opened = await openMessage(queue, anEnvelope({ body: { ...body, relaxedHash } }), nothing);
  assert.deepEqual(
    [opened?.beginning.toString(), opened?.relaxedHash, opened?.body?.size],
    [header, relaxedHash, message.length],
  );
  assert.equal(passes(), 0);
  for (let time = 1; time <= 2; time += 1) {
    const parts: Buffer[] = [];
    for await (const part of opened?.body?.read() ?? []) parts.push(part);
    assert.deepEqual(Buffer.concat(parts), message, 'all of it, each time');
  }
});

test('an entry without the hash, as earlier nodes wrote it, costs a pass over the body', async () => {
  const expected = await bodyHash(message, header.length);
  for (const chunkBytes of [header.length, header.length + 1, 45, 50]) {
    const { queue, body, passes } = stored(chunkBytes);
    const opened = await openMessage(queue, anEnvelope({ body }), nothing);
    assert.deepEqual([opened?.relaxedHash, passes()], [expected, 1], `${chunkBytes}`);
  }
});

test('what that pass finds damaged, or was lost before, is no message', async () => {
  const { queue, body } = stored(50, 'damaged');
  assert.equal(await openMessage(queue, anEnvelope({ body }), nothing), undefined);
  assert.equal(
    await openMessage({ ...queue, readFirst: async () => undefined }, anEnvelope({ body }), nothing),
    undefined,
  );
});
