// What can become of one recipient in one attempt, and for good: the vocabulary of events, metrics and bounces.
// Which failure means what is decided in relay-node/src/outcome/classify.ts; this file only names the results.
import { z } from 'zod';

/**
 * After an attempt: delivered and bounced are final, deferred is tried again, expired is final without another try, and dropped is
 * final without one because a person said so.
 */
export const attemptOutcomes = ['delivered', 'deferred', 'bounced', 'expired', 'dropped'] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** Why, in words that stay few: they are a metric label. */
export const outcomeCategories = [
  'accepted', // the next hop took it
  'recipient', // the mailbox: unknown, disabled, full
  'message', // this message: too big, refused content, not representable at the peer
  'policy', // the peer's policy on sender, authentication or reputation
  'rate', // the peer asks to slow down
  'peer', // the peer is ill: 421, 4xx without a nearer reason
  'protocol', // the peer broke SMTP
  'tls', // no TLS as the domain's policy demands it
  'dns', // no usable answer, or a final one: NXDOMAIN, null MX
  'network', // connect, reset, timeout
  'address-guard', // the next hop's address is not one we connect to
  'configuration', // ours: no route, domain gone, bad credentials for a smarthost
  'suspended', // held by the domain's or platform's owner
  'age', // older than the retry limit
  'order', // a person said that it is not to be sent
  'internal', // ours: the entry itself cannot be worked on
] as const;
export type OutcomeCategory = (typeof outcomeCategories)[number];

export const recipientResultSchema = z.object({
  n: z.number().int().min(0),
  outcome: z.enum(attemptOutcomes),
  category: z.enum(outcomeCategories),
  /** Last SMTP reply code, where there was one. */
  code: z.number().int().optional(),
  /** RFC 3463 status, ours where the peer gave none. */
  status: z.string().regex(/^[245]\.\d{1,3}\.\d{1,3}$/),
  /** Delivered to a next hop without DSN although the sender asked for word of it: ours to give. RFC 3461 §5.2.2 */
  relayed: z.literal(true).optional(),
});
/** One recipient's result of one attempt; `n` is the recipient's position, so no address is needed. */
export type RecipientResult = Readonly<z.infer<typeof recipientResultSchema>>;

/** Whether no further attempt follows. */
export function isFinal(outcome: AttemptOutcome): boolean {
  return outcome !== 'deferred';
}
