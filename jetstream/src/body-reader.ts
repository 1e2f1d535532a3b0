// A stored body on its way out: chunk by chunk in order, few of them in memory at once. Size and digest are checked in passing, so
// only its end says whether what came was what had been stored. Refuses to know what a damaged body means for its mail.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { bodySubject, streams } from '@relayfleet/contract/subjects.ts';
import type { ChunkedBody } from './body-writer.ts';
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
  const ahead: Promise<Buffer | undefined>[] = [];
  let asked = 0;
  let size = 0;
  for (let chunk = 0; chunk < ref.chunks; chunk += 1) {
    for (; asked < ref.chunks && ahead.length < window; asked += 1)
      ahead.push(ask(nats, bodySubject(id, asked), chunkMs));
    const bytes = await ahead.shift();
    if (bytes === undefined) return 'damaged';
    whole.update(bytes);
    size += bytes.length;
    if (size > ref.size) return 'damaged';
    yield bytes;
  }
  return size === ref.size && whole.digest('hex') === ref.sha256 ? 'intact' : 'damaged';
}

/** The first chunk; undefined when it is missing or, where it is all of the body, not what was stored. Rejects like `readBody`. */
export async function readFirst(
  nats: Nats,
  id: string,
  { ref, chunkMs }: { readonly ref: ChunkedBody; readonly chunkMs: number },
): Promise<Buffer | undefined> {
  const reading = readBody(nats, id, { ref: { ...ref, chunks: 1 }, chunkMs });
  const first = await reading.next();
  if (first.done === true) return undefined;
  const end = ref.chunks === 1 ? (await reading.next()).value : 'intact';
  return end === 'intact' ? first.value : undefined;
}

const pauseMs = 250;

function ask(nats: Nats, subject: string, chunkMs: number): Promise<Buffer | undefined> {
  const answer = insist(nats, subject, performance.now() + chunkMs);
  answer.catch(() => undefined); // nobody may be waiting for it any more
  return answer;
}

async function insist(nats: Nats, subject: string, end: number): Promise<Buffer | undefined> {
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
async function load(nats: Nats, subject: string): Promise<Buffer | undefined> {
  const near = await readNear(nats, streams.bodies, subject);
  const data = (near ?? (await readLast(nats, streams.bodies, subject)))?.data;
  return data && Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
