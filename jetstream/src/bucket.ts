// Values in a key-value bucket, which is a stream with one message a key (nats-architecture ADR-8): written and forgotten here,
// read by read.ts. Waits for a connection; rejects when NATS does not answer or the bucket is missing.
import { JetStreamApiError, type StoredMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { Nats } from './connect.ts';
import { manager } from './read.ts';

/** The server's answers to an expected sequence that is not the last one any more. */
export const wrongLastSequence: ReadonlySet<number> = new Set([10071, 10164]);
const operationHeader = 'KV-Operation';

/** Writes a value; with `expectedRevision` only if that is still the revision of the one before (0: there is none). */
export async function putValue(
  nats: Nats,
  { subject, bytes, expectedRevision }: { subject: string; bytes: Uint8Array; expectedRevision?: number },
): Promise<'ok' | 'conflict'> {
  const client = (await manager(nats)).jetstream();
  const expect = expectedRevision === undefined ? {} : { expect: { lastSubjectSequence: expectedRevision } };
  try {
    await client.publish(subject, bytes, expect);
    return 'ok';
  } catch (error) {
    if (error instanceof JetStreamApiError && wrongLastSequence.has(error.code)) return 'conflict';
    throw error;
  }
}

/** Replaces a value by the marker of its deletion. */
export async function forgetValue(nats: Nats, subject: string): Promise<void> {
  const marker = headers();
  marker.set(operationHeader, 'PURGE');
  marker.set('Nats-Rollup', 'sub');
  await (await manager(nats)).jetstream().publish(subject, '', { headers: marker });
}

/** The message if it is a value, and not such a marker. */
export function presentValue(stored: StoredMsg | undefined): StoredMsg | undefined {
  return stored?.header.has(operationHeader) === true ? undefined : stored;
}
