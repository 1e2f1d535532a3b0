// What happened to a mail, as written to the event stream: accepted, attempted, settled. No addresses, no subjects.
// `attempted` is also the record that a redelivered entry consults, so it is durable before the entry is acknowledged.
import { z } from 'zod';
import { lanes, totalsSchema } from './envelope.ts';
import { objectRefSchema } from './object-ref.ts';
import { recipientResultSchema } from './outcome.ts';
import { parseJsonWith, type Parsed } from './parse.ts';

export const eventVersion = 1;

const common = {
  v: z.literal(eventVersion),
  at: z.number().int(),
  node: z.string(),
  id: z.string().length(26),
  k: z.number().int().min(0),
  platform: objectRefSchema,
  domain: z.string(),
};

const eventSchema = z.discriminatedUnion('type', [
  z.object({
    ...common,
    type: z.literal('accepted'),
    kind: z.enum(['mail', 'dsn']),
    lane: z.enum(lanes),
    size: z.number().int(),
    recipients: z.number().int(),
    destinations: z.number().int(),
    /** TLS version of the submission; null for a mail we made ourselves. */
    tls: z.string().nullable(),
    /** Milliseconds from the end of DATA to the durable commit. */
    commitMs: z.number(),
  }),
  z.object({
    ...common,
    type: z.literal('attempted'),
    /** 1 for the first attempt. */
    attempt: z.number().int().min(1),
    results: z.array(recipientResultSchema).min(1),
    /** Host name of the next hop tried last; null when none was reached. */
    hop: z.string().nullable(),
    tls: z.string().nullable(),
    /** Milliseconds in queue before this attempt, then per stage. */
    waitMs: z.number(),
    connectMs: z.number().nullable(),
    transferMs: z.number().nullable(),
    /** When the deferred recipients are due again. */
    nextDue: z.number().int().nullable(),
    /** Name of the order that ended it unsent; absent: none did, or an early build did not say. */
    order: z.string().optional(),
  }),
  z.object({
    ...common,
    type: z.literal('settled'),
    /** How many recipients of this entry ended how over its whole life. */
    totals: totalsSchema,
    attempts: z.number().int(),
    totalMs: z.number(),
  }),
]);
export type MailEvent = Readonly<z.infer<typeof eventSchema>>;
export type AcceptedEvent = Extract<MailEvent, { type: 'accepted' }>;
export type AttemptedEvent = Extract<MailEvent, { type: 'attempted' }>;
export type SettledEvent = Extract<MailEvent, { type: 'settled' }>;

/** Events of one entry as one stored message, a line of JSON each: what happened together costs one sync together. */
export function encodeEvents(events: readonly MailEvent[]): Uint8Array {
  return Buffer.from(events.map((event) => JSON.stringify(event)).join('\n'));
}

export function decodeEvents(bytes: Uint8Array): Parsed<readonly MailEvent[]> {
  const events: MailEvent[] = [];
  for (const line of Buffer.from(bytes).toString().split('\n')) {
    const event = parseJsonWith(eventSchema, line);
    if (!event.ok) return event;
    events.push(event.value);
  }
  return { ok: true, value: events };
}
