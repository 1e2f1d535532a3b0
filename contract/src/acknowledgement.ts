// What a relay node tells the operator about the configuration it holds: the evidence behind the condition Programmed.
// Written on every change and as a heartbeat; a node that stops says so by removing it.
import { z } from 'zod';
import { parseJsonWith, type Parsed } from './parse.ts';

export const heartbeatMs = 10_000;
/** A node not heard of for this long no longer counts as ready. */
export const acknowledgementExpiryMs = 35_000;

const acknowledgementSchema = z.object({
  v: z.literal(1),
  node: z.string(),
  /** relayfleet version of the node. */
  version: z.string(),
  at: z.number().int(),
  /** Generation in use; 0 before the first. */
  generation: z.number().int().min(0),
  /** Highest generation ever held: the operator restarts above it if its bucket was lost. */
  highestSeen: z.number().int().min(0),
  keyIds: z.array(z.string()),
  ready: z.boolean(),
  /** What the node refused or could not use, in words for a condition's message. No secrets, no addresses. */
  problems: z.array(z.object({ reason: z.string(), message: z.string().max(512) })).max(16),
  /** Smarthosts whose names lead to no address, as this node sees DNS, the first of them; absent until it has looked. */
  missingHosts: z
    .array(z.object({ domain: z.string(), route: z.string(), host: z.string() }))
    .max(64)
    .readonly()
    .optional(),
});
/** `domain` and `route` say whose smarthost it is. */
export type MissingHost = NonNullable<Acknowledgement['missingHosts']>[number];
export type Acknowledgement = Readonly<z.infer<typeof acknowledgementSchema>>;

export function encodeAcknowledgement(acknowledgement: Acknowledgement): Uint8Array {
  return Buffer.from(JSON.stringify(acknowledgement));
}

export function decodeAcknowledgement(bytes: Uint8Array): Parsed<Acknowledgement> {
  return parseJsonWith(acknowledgementSchema, Buffer.from(bytes).toString());
}
