// One entry of the mail queue: who sent what to whom, how often it was tried, and where its body is.
// An entry is one mail towards one destination; a mail for k destinations is k entries with one id.
// Versioned: a node reads every version up to its own and leaves newer ones for newer nodes.
import { z } from 'zod';
import { objectRefSchema } from './object-ref.ts';
import { documentVersion, parseWith, type Parsed } from './parse.ts';

export const envelopeVersion = 1;

export const lanes = ['transactional', 'bulk'] as const;
export type Lane = (typeof lanes)[number];

/** How many recipients ended how. */
export const totalsSchema = z.object({
  delivered: z.number().int(),
  bounced: z.number().int(),
  expired: z.number().int(),
  dropped: z.number().int().default(0), // early builds knew no such end
});

const recipientSchema = z.object({
  /** Position in the mail as accepted: events name recipients by it, never by address. */
  n: z.number().int().min(0),
  address: z.string().min(3).max(320),
  /** RFC 3461 §4.1: absent means the default (FAILURE, and DELAY where a relay sends it). */
  notify: z.array(z.enum(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'])).optional(),
  /** RFC 3461 §4.2: `addr-type;xtext`, kept as received. */
  orcpt: z.string().max(500).optional(),
});
export type Recipient = Readonly<z.infer<typeof recipientSchema>>;

const bodySchema = z.discriminatedUnion('kind', [
  /** The bytes follow the envelope in the same queue message. */
  z.object({ kind: z.literal('inline'), size: z.number().int().min(0) }),
  /** The bytes are in the body stream, in `chunks` pieces. */
  z.object({
    kind: z.literal('chunks'),
    size: z.number().int().min(0),
    chunks: z.number().int().min(1),
    sha256: z.string().length(64),
    /**
     * SHA-256 of the message's body (RFC 5322 §2.1) in DKIM's relaxed form, base64 (RFC 6376 §3.7), so that signing need not read
     * it; absent where nobody has gone through it yet.
     */
    relaxedHash: z.string().length(44).optional(),
  }),
]);
export type BodyRef = Readonly<z.infer<typeof bodySchema>>;

export const envelopeSchema = z.object({
  v: z.literal(envelopeVersion),
  id: z.string().length(26),
  /** This entry's destination among the mail's destinations: 0 <= k < of. */
  k: z.number().int().min(0),
  of: z.number().int().min(1),
  /** A bounce is never bounced again. */
  kind: z.enum(['mail', 'dsn']),
  platform: objectRefSchema,
  /** Domain of the From header: its RelayDomain gives keys, TLS policy and routes. */
  domain: z.string(),
  /** That RelayDomain: one of another name is none of this mail's, though it has the domain by now. Absent in early builds' entries. */
  domainRef: objectRefSchema.optional(),
  lane: z.enum(lanes),
  /** Routing key the subject carries: a recipient domain or a route's name. */
  destination: z.string().min(1),
  /** MAIL FROM; empty is the null sender. RFC 5321 §4.5.5 */
  sender: z.string().max(320),
  recipients: z.array(recipientSchema).min(1),
  /** RFC 3461 §4.3, §4.4 */
  ret: z.enum(['FULL', 'HDRS']).optional(),
  envid: z.string().max(100).optional(),
  smtputf8: z.boolean(),
  eightBit: z.boolean(),
  acceptedAt: z.number().int(),
  acceptedBy: z.string(),
  /** Attempts already made. */
  attempt: z.number().int().min(0),
  /** When the next attempt is due, in milliseconds; equals acceptedAt before the first. */
  due: z.number().int(),
  /** Recipients of this entry that earlier attempts settled, counted; they are no longer in `recipients`. */
  settled: totalsSchema,
  /** When it was first put back unsent because somebody holds it; absent while nobody does. */
  heldSince: z.number().int().optional(),
  /** How often it was put back unsent since its last attempt because its destination had its share of a node; absent when never. */
  pushedBack: z.number().int().optional(),
  /** The sender was told that this entry is late: that is said once. */
  delayTold: z.literal(true).optional(),
  body: bodySchema,
});
export type Envelope = Readonly<z.infer<typeof envelopeSchema>>;

/** Envelope as one line of JSON, a newline, then the body where it is inline. */
export function encodeEntry(envelope: Envelope, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(envelope)}\n`), body]);
}

/** What `encodeEntry` wrote. Who sent what to whom is known even where the body is not what it should be. */
export type DecodedEntry = {
  readonly envelope: Envelope;
  /** A view into the entry, empty when the body is stored in chunks. */
  readonly body: Uint8Array;
  /** The body is not what the envelope says. */
  readonly bodyProblem?: string;
};

export function decodeEntry(entry: Uint8Array): Parsed<DecodedEntry> {
  const end = entry.indexOf(0x0a);
  if (end < 0) return { ok: false, problem: 'entry: no envelope line' };
  const envelope = parseEnvelopeLine(Buffer.from(entry.subarray(0, end)).toString());
  if (!envelope.ok) return envelope;
  const body = entry.subarray(end + 1);
  const decoded = { envelope: envelope.value, body };
  const { kind, size } = envelope.value.body;
  if (kind === 'chunks' || body.length === size) return { ok: true, value: decoded };
  const bodyProblem = `body: ${body.length} bytes, the envelope says ${size}`;
  return { ok: true, value: { ...decoded, bodyProblem } };
}

function parseEnvelopeLine(line: string): Parsed<Envelope> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { ok: false, problem: 'envelope: not JSON' };
  }
  const version = documentVersion(value);
  if (version !== undefined && version > envelopeVersion)
    return { ok: false, problem: `v: version ${version} is newer than this node understands (${envelopeVersion})` };
  return parseWith(envelopeSchema, value);
}
