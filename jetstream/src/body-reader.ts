// A stored body on its way out: chunk by chunk in order, few of them in memory at once. Size and digest are checked in passing, so
// only its end says whether what came was what had been stored. Refuses to know what a damaged body means for its mail.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { bodySubject, streams } from '@relayfleet/contract/subjects.ts';
import { chunkName, type ChunkedBody } from './body-writer.ts';
import type { Nats } from './connect.ts';
import { readLast, readNear } from './read.ts';

/** `damaged`: a chunk is missing, or the bytes are not those that were stored. */
export type BodyEnd = 'intact' | 'damaged';

/** On their way at once. */
const window = 2;

/**
 * The chunks of a body, and last whether it was all of it, as it was stored. Rejects when a chunk cannot be had within `chunkMs`,
 * whatever the reason: not knowing is not "nothing there".
 */
export async function* readBody(
  nats: Nats,
  id: string,
  { ref, chunkMs }: { readonly ref: ChunkedBody; readonly chunkMs: number },
): AsyncGenerator<Buffer, BodyEnd> {
  const whole = createHash('sha256');
  const ahead: Promise<Chunk | undefined>[] = [];
  let asked = 0;
  let size = 0;
  for (let chunk = 0; chunk < ref.chunks; chunk += 1) {
    for (; asked < ref.chunks && ahead.length < window; asked += 1)
      ahead.push(ask(nats, bodySubject(id, asked), chunkMs));
    const bytes = (await ahead.shift())?.bytes;
    if (bytes === undefined) return 'damaged';
    whole.update(bytes);
    size += bytes.length;
    if (size > ref.size) return 'damaged';
    yield bytes;
  }
  return size === ref.size && whole.digest('hex') === ref.sha256 ? 'intact' : 'damaged';
}

/**
 * The first chunk; undefined when it is missing or not what was stored. Where it is all of the body, that is by the body's digest; else
 * by the one in its name, as the whole body would have to be read for the other. Rejects like `readBody`.
 */
export async function readFirst(
  nats: Nats,
  id: string,
  { ref, chunkMs }: { readonly ref: ChunkedBody; readonly chunkMs: number },
): Promise<Buffer | undefined> {
  const first = await ask(nats, bodySubject(id, 0), chunkMs);
  if (first === undefined) return undefined;
  const { bytes, name } = first;
  const isRight =
    ref.chunks === 1
      ? bytes.length === ref.size && createHash('sha256').update(bytes).digest('hex') === ref.sha256
      : name === chunkName(id, 0, bytes);
  return isRight ? bytes : undefined;
}

/** What is stored under the id, as a body of one chunk; undefined when nothing is. Rejects when NATS does not answer. */
export async function findBody(nats: Nats, id: string): Promise<ChunkedBody | undefined> {
  const data = (await readLast(nats, streams.bodies, bodySubject(id, 0)))?.data;
  if (data === undefined) return undefined;
  return { kind: 'chunks', size: data.length, chunks: 1, sha256: createHash('sha256').update(data).digest('hex') };
}

/** A chunk, and the message id it was stored under. */
type Chunk = { readonly bytes: Buffer; readonly name: string };

const pauseMs = 250;

function ask(nats: Nats, subject: string, chunkMs: number): Promise<Chunk | undefined> {
  const answer = insist(nats, subject, performance.now() + chunkMs);
  answer.catch(() => undefined); // nobody may be waiting for it any more
  return answer;
}

async function insist(nats: Nats, subject: string, end: number): Promise<Chunk | undefined> {
  for (;;) {
    try {
      return await load(nats, subject);
    } catch (cause) {
      if (performance.now() + pauseMs > end)
        throw new Error(`a chunk could not be read in time: ${subject}`, { cause });
      await delay(pauseMs);
    }
  }
}

/** A replica may lag behind the commit, so the leader has the last word on what is missing. */
async function load(nats: Nats, subject: string): Promise<Chunk | undefined> {
  const near = await readNear(nats, streams.bodies, subject);
  const stored = near ?? (await readLast(nats, streams.bodies, subject));
  if (stored === undefined) return undefined;
  const { data, header } = stored;
  return { bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength), name: header.get('Nats-Msg-Id') };
}
