// Finds a mail at the receiver again by the queue id its client was told, and separates what the relay put in front.
import type { OfferedMail, Receiver } from './receiver.ts';
import type { Submitted } from './submit.ts';
import { until } from './until.ts';

/** The mail that was accepted with this answer, once the receiver has it. */
export function arrival(receiver: Receiver, submitted: Submitted, withinMs = 60_000): Promise<OfferedMail> {
  if (submitted.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(submitted)}`);
  const clause = new RegExp(`\\bid ${submitted.id}\\b`); // RFC 5321 §4.4, in the Received line
  return until(
    `mail ${submitted.id} at the receiver`,
    () => receiver.taken.find(({ raw }) => clause.test(raw.subarray(0, 16_384).toString('latin1'))),
    { withinMs },
  );
}

/** Names of the header fields that stand before `submitted` in `raw`; undefined unless the rest is it, byte for byte. */
export function fieldsInFront(raw: Buffer, submitted: Buffer): readonly string[] | undefined {
  const front = raw.subarray(0, raw.length - submitted.length);
  if (!raw.subarray(front.length).equals(submitted)) return undefined;
  const lines = front.toString('latin1').split('\r\n');
  if (lines.pop() !== '') return undefined;
  return lines.filter((line) => !/^[ \t]/.test(line)).map((line) => line.slice(0, line.indexOf(':')));
}
