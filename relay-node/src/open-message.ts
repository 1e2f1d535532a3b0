// What signing and sending need of an entry's message. A body at hand or of one chunk is read whole; of a larger one only the header
// is, and the rest is read while it is sent, so that its size costs no memory.
// Refuses to know what becomes of an entry whose body is damaged.
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import type { OutgoingMail } from './delivery/smtp-client.ts';
import { createBodyHash, splitMessage } from './signing/canonicalise.ts';

export type OpenMessage = {
  /** The whole message, or its header section where there is a body to be read. */
  readonly beginning: Buffer;
  /** The message from its first byte; absent where `beginning` is all of it. */
  readonly body?: NonNullable<OutgoingMail['rest']>;
  /** For the signature; absent where it has to be taken from the message. */
  readonly relaxedHash?: string | undefined;
};

/** Undefined when the body is lost, or found damaged already. Rejects when it cannot be read now. */
export async function openMessage(
  queue: Pick<MailQueue, 'readFirst' | 'readBody'>,
  envelope: Envelope,
  inline: Uint8Array,
): Promise<OpenMessage | undefined> {
  const first = await queue.readFirst(envelope, inline);
  const { id, body } = envelope;
  if (first === undefined || body.kind === 'inline') return first && { beginning: first };
  if (body.chunks === 1) return { beginning: first, relaxedHash: body.relaxedHash };

  const read = () => queue.readBody({ id, body });
  const { bodyStart } = splitMessage(first);
  const relaxedHash = body.relaxedHash ?? (await hashOf(read(), bodyStart));
  const beginning = Buffer.from(first.subarray(0, bodyStart)); // a copy: the chunk is not kept
  return relaxedHash === undefined ? undefined : { beginning, body: { size: body.size, read }, relaxedHash };
}

/** For bodies stored without their hash: one pass over all of it. Undefined when it is damaged. */
async function hashOf(
  reading: AsyncGenerator<Buffer, 'intact' | 'damaged'>,
  bodyStart: number,
): Promise<string | undefined> {
  const hash = createBodyHash();
  for (let skip = bodyStart; ;) {
    const { done, value } = await reading.next();
    if (done === true) return value === 'intact' ? hash.end() : undefined;
    hash.push(value.subarray(skip));
    skip = Math.max(0, skip - value.length);
  }
}
