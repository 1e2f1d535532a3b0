// The one small document a relay node is started with: who its fleet is, how to open its configuration, how to reach NATS.
// It is the key `bootstrap.json` of a mounted Secret; everything else a node knows comes through the bucket.
import { z } from 'zod';
import { objectRefSchema } from './object-ref.ts';
import { parseJsonWith, type Parsed } from './parse.ts';

export const bootstrapFile = 'bootstrap.json';

const bootstrapSchema = z.object({
  v: z.literal(1),
  fleet: objectRefSchema,
  fleetUid: z.string().min(1),
  /** Fleet keys by id, base64; two while one replaces the other. */
  fleetKeys: z.array(z.object({ id: z.string(), key: z.base64() })).min(1),
  /** Public halves (SPKI, PEM) of the operator's signing keys. */
  operatorKeys: z.array(z.string()).min(1),
  nats: z.object({ url: z.string(), username: z.string(), password: z.string(), ca: z.string().optional() }),
});
export type Bootstrap = Readonly<z.infer<typeof bootstrapSchema>>;

export function parseBootstrap(text: string): Parsed<Bootstrap> {
  return parseJsonWith(bootstrapSchema, text);
}
