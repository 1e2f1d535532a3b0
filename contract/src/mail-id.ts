// The queue id of a mail: 26 characters, sortable by time, safe as a NATS subject token and in an SMTP reply.
// 48 bits of milliseconds and 80 random bits in Crockford base 32 (the ULID layout, github.com/ulid/spec).
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export type RandomBytes = (count: number) => Uint8Array;

/** A new id for a mail accepted at `nowMs`; 80 bits from `randomBytes` make it unguessable and unique. */
export function newMailId(nowMs: number, randomBytes: RandomBytes): string {
  const random = Buffer.from(randomBytes(10));
  return encode(Math.trunc(nowMs), 10) + encode(random.readUIntBE(0, 5), 8) + encode(random.readUIntBE(5, 5), 8);
}

/** An id derived from another, the same on every call: a bounce composed twice keeps one id, and so is queued once. */
export function derivedMailId(nowMs: number, digest: Uint8Array): string {
  return newMailId(nowMs, (count) => digest.subarray(0, count));
}

/** Whether `text` can be a mail id at all. */
export function isMailId(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
}

/** The millisecond at which the id was made. */
export function mailIdTime(id: string): number {
  let value = 0;
  for (const character of id.slice(0, 10)) value = value * 32 + alphabet.indexOf(character);
  return value;
}

/** The lowest 5 x `digits` bits; an integer of up to 53 bits needs no BigInt. */
function encode(value: number, digits: number): string {
  let text = '';
  for (let rest = value; text.length < digits; rest = Math.floor(rest / 32)) text = alphabet[rest % 32] + text;
  return text;
}
