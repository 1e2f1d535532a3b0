// Bodies too large or too shared for the queue entry: chunks of 1 MB in a stream, each written and read by subject.
// Checks size and digest on the way back. Notes where the chunks lie, for whoever removes them; decides nothing about when.
import { createHash } from 'node:crypto';
import type { BodyRef } from '@relayfleet/contract/envelope.ts';
import { bodyPlacesSubject, bodySubject, streams } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { insist, publishOne, type Message, type Patience, type Refusal } from './publish.ts';
import { readLast, readNear } from './read.ts';

export type ChunkedBody = Extract<BodyRef, { kind: 'chunks' }>;
export type StoredBody = { readonly ok: true; readonly ref: ChunkedBody } | Refusal;

const chunkBytes = 1_000_000;
/** Chunks on their way at once: 8 MB, of the 128 MB a stream takes in before it says "too many requests". */
const window = 8;
/** A subject should stay well below the server's 4 KB for a protocol line. */
const placesInSubject = 100;

/** Stores a body under the mail's id; the same body again replaces itself. */
export async function storeBody(
  nats: Nats,
  { id, body, patience }: { readonly id: string; readonly body: Uint8Array; readonly patience: Patience },
): Promise<StoredBody> {
  const sha256 = createHash('sha256').update(body).digest('hex');
  const chunks = Math.max(1, Math.ceil(body.length / chunkBytes));
  const end = performance.now() + patience.deadlineMs;
  const places: number[] = [];
  let refusal: Refusal | undefined;
  const store = async (message: Message, onStored?: (sequence: number) => void) => {
    const left = { timeoutMs: patience.timeoutMs, deadlineMs: end - performance.now() };
    const stored = await insist(nats, left, (timeoutMs) => publishOne(nats, message, timeoutMs, onStored));
    if (!stored.ok) refusal = stored;
  };
  await eachInWindow(chunks, async (chunk) => {
    if (refusal !== undefined) return;
    const payload = body.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes);
    // The digest is part of the message id: another body under the same id must not be taken for a repetition.
    const message = { subject: bodySubject(id, chunk), payload, messageId: `${id}.${chunk}.${sha256.slice(0, 16)}` };
    await store(message, (sequence) => (places[chunk] = sequence));
  });
  for (let from = 0; from < chunks && refusal === undefined; from += placesInSubject) {
    const subject = bodyPlacesSubject(id, places.slice(from, from + placesInSubject));
    await store({ subject, payload: new Uint8Array(0), messageId: subject });
  }
  return refusal ?? { ok: true, ref: { kind: 'chunks', size: body.length, chunks, sha256 } };
}

/** The whole body, or undefined when a chunk is missing or the bytes are not those that were stored. */
export async function loadBody(nats: Nats, id: string, ref: ChunkedBody): Promise<Uint8Array | undefined> {
  const parts: (Uint8Array | undefined)[] = await eachInWindow(ref.chunks, (chunk) => loadChunk(nats, id, chunk));
  const found = parts.filter((part) => part !== undefined);
  if (found.length < parts.length) return undefined;
  const body = Buffer.concat(found);
  const intact = body.length === ref.size && createHash('sha256').update(body).digest('hex') === ref.sha256;
  return intact ? body : undefined;
}

/** A replica may lag behind the commit, so the leader has the last word on what is missing. */
async function loadChunk(nats: Nats, id: string, chunk: number): Promise<Uint8Array | undefined> {
  const subject = bodySubject(id, chunk);
  const near = await readNear(nats, streams.bodies, subject);
  return (near ?? (await readLast(nats, streams.bodies, subject)))?.data;
}

/** Runs `work` for 0..count-1, at most `window` at once. */
async function eachInWindow<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, count) }, worker));
  return results;
}
